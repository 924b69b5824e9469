import { nope } from "fs";

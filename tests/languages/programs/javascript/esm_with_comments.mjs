/* leading */ // words
import { EOL } from "os"; const s = `x${EOL}y`;
console.log(s, import.meta.url);

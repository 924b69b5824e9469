"""The API described for OpenAPI: shapes, examples and every error of each address, a module a router."""

"""Pages for people: the start page and the API description. All they load comes from here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import Kind, Problem

# Scripts are files of ours, never inline. Swagger UI sets style attributes and has images as data.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "png": "image/png"}
_ASSETS = {
    "docs.js": "docs.js",
    "start.js": "start.js",
    "start.css": "start.css",
    "swagger-ui-bundle.js": "swagger-ui/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui/swagger-ui.css",
    "favicon.png": "swagger-ui/favicon.png",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Files that are served as they are, read once."""

    files: dict[str, bytes]

    @classmethod
    def read(cls) -> Pages:
        """All pages and what they load, from the package."""
        folder = resources.files("api").joinpath("static")
        names = {"start.html": "start.html", "docs.html": "docs.html", **_ASSETS}
        return cls({name: folder.joinpath(path).read_bytes() for name, path in names.items()})

    def router(self) -> APIRouter:
        """The addresses; they are no part of the API description."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/", self.start, methods=["GET"])
        router.add_api_route("/docs", self.docs, methods=["GET"])
        router.add_api_route("/docs/assets/{name}", self.asset, methods=["GET"])
        router.add_api_route("/favicon.ico", self.favicon, methods=["GET"])
        return router

    async def start(self) -> Response:
        """A page on which to try a snippet."""
        return self._file("start.html")

    async def docs(self) -> Response:
        """The API description, to read and to try."""
        return self._file("docs.html")

    async def asset(self, request: Request) -> Response:
        """A script, a style or an image of the pages."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            raise Problem(Kind.NOT_FOUND, "there is no such file")
        return self._file(name)

    async def favicon(self) -> Response:
        """The icon browsers ask for unasked."""
        return self._file("favicon.png")

    def _file(self, name: str) -> Response:
        return Response(
            self.files[name],
            media_type=_TYPES[name.rpartition(".")[2]],
            headers={"Content-Security-Policy": _CSP, "Cache-Control": "no-cache"},
        )

"""Texts and books for the tests of the demo."""

import zipfile

TEXT = "Hello there, world. It cost $4.75, I think."
CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>No</title><style>p {{}}</style></head><body>{}</body></html>'


def write_epub(path, pages, container=CONTAINER, extra=""):
    """An EPUB with these bodies of pages, one of which has a name that URLs escape."""
    names = [f"page {number}.xhtml" for number in range(len(pages))]
    manifest = "".join(f'<item id="p{i}" href="{name.replace(" ", "%20")}"/>' for i, name in enumerate(names))
    spine = "".join(f'<itemref idref="p{i}"/>' for i in range(len(names)))
    package = (
        f'{extra}<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}</manifest><spine>{spine}</spine></package>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", container)
        book.writestr("OEBPS/book.opf", package)
        for name, page in zip(names, pages, strict=True):
            book.writestr(f"OEBPS/{name}", PAGE.format(page))
    return path

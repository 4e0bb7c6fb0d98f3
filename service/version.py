"""Which version of the service this is."""

from importlib.metadata import PackageNotFoundError, version


def service_version() -> str:
    try:
        return version("kurzfassung")
    except PackageNotFoundError:  # a checkout that was never installed
        return "0"

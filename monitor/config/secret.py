"""Values that must never be printed."""

from typing import Any, Final, Self

_HIDDEN: Final = "***"


class Secret:
    """A text that shows itself only to who asks for it by `reveal()`.

    `str()`, `repr()`, formatting, `dataclasses.asdict` and `copy` never show it, and it cannot be
    pickled. `shown` is what may be printed in its place: `postgresql://monitor:***@db/monitor`.
    """

    __slots__ = ("__shown", "__value")

    def __init__(self, value: str, *, shown: str = _HIDDEN) -> None:
        self.__value = value
        self.__shown = shown

    def reveal(self) -> str:
        """Return the text itself; keep it out of logs, messages and labels."""
        return self.__value

    def __str__(self) -> str:
        return self.__shown

    def __repr__(self) -> str:
        return f"Secret({self.__shown})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> str:
        message = "a Secret is not written anywhere"
        raise TypeError(message)

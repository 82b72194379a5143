"""Watch whether platforms are available, and who stands behind them."""

__version__ = "0.1.0"

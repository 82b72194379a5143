"""Configuration: a TOML file becomes frozen settings, or a list of every mistake in it."""

from monitor.config.controls import control_checks
from monitor.config.load import load
from monitor.config.names import Names, Site
from monitor.config.problem import ConfigError, Problem, describe_problems
from monitor.config.quick import for_domains, settings_of
from monitor.config.secret import Secret
from monitor.config.settings import (
    AskingSettings,
    Config,
    ControlSettings,
    LimitSettings,
    LogSettings,
    ReceiverSettings,
    RegistryOverrides,
    WebSettings,
)
from monitor.config.wording import MisfitError

__all__ = [
    "AskingSettings",
    "Config",
    "ConfigError",
    "ControlSettings",
    "LimitSettings",
    "LogSettings",
    "MisfitError",
    "Names",
    "Problem",
    "ReceiverSettings",
    "RegistryOverrides",
    "Secret",
    "Site",
    "WebSettings",
    "control_checks",
    "describe_problems",
    "for_domains",
    "load",
    "settings_of",
]

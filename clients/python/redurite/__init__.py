"""Start and drive Redurite, the emulator of Azure Cache for Redis, from tests."""
from .admin import Admin, AdminError, Cache, Fault, Scenario, VerificationError
from .process import Emulator, StartError

__all__ = ["Admin", "AdminError", "Cache", "Emulator", "Fault", "Scenario", "StartError", "VerificationError"]

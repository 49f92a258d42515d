"""The plugin under test, whether the package is installed or not."""
pytest_plugins = ["redurite.pytest_plugin"]

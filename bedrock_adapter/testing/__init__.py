"""What plugin authors and the adapter's own tests check against.

Sub-packages are imported by name, so that importing this package costs nothing: ``bedrock_adapter.testing.emulator`` needs
the ``testing`` extra.
"""

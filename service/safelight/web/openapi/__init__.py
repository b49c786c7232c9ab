"""The API described by itself: an OpenAPI document made of the classes that read and write what it describes."""

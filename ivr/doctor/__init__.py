"""`freizeichen doctor`: one file a subject, each with small checks of what is there."""

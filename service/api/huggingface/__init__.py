"""The task API of Hugging Face: one URL a task."""

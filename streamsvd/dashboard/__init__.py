"""The live dashboard: a page in the browser that shows how a model learns."""

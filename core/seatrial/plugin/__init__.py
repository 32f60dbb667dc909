"""How plugins meet the host: hooks, components, and the host itself."""

"""How a caller's sound reaches us and ours reaches the caller: Asterisk's AudioSocket."""

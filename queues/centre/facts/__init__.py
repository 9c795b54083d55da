"""What the centre can decide, a file for each noun; `fact.py` names all."""

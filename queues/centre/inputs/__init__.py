"""What can come to the centre from outside, a file for each noun; `input.py` names all."""

"""What a certificate says in words, in HTML and in LaTeX."""

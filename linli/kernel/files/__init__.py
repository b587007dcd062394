"""Photos that people send as proof: checked, freed of hidden data, kept once, shown only to who may see the matter."""

"""The pages of publicity: everybody's, the field's, the desk's, and of those who rule objections."""

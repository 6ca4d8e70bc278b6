"""Exercises: checkers that name the likely mistake, one module a notebook, and the quizzes."""

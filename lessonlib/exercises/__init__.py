"""Exercises, one module per idea: checkers that name the likely mistake, and the quizzes."""

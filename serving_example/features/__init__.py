"""From the online store to tensors: stages of the feature set, films in memory, requests."""

from serving_example.features.films import FilmTable
from serving_example.features.request import Features, User
from serving_example.features.stages import STAGES, FilmVectors, Views, compile_stages

__all__ = ["STAGES", "Features", "FilmTable", "FilmVectors", "User", "Views", "compile_stages"]

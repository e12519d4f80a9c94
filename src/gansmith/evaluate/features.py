"""Items to features."""

from gansmith.evaluate.classifier import Classifier, classifier

__all__ = ["Classifier", "classifier"]

"""A small multilayer perceptron: scikit-learn's, with the settings that a comparison needs and without its checks.

In: features and targets. Out: predictions. One hidden layer of rectified units, weight decay, Adam (Kingma & Ba 2015,
arXiv 1412.6980) on small batches, stopped early where the loss no longer falls. Weights and predictions are those of
MLPClassifier and MLPRegressor to the last bit; indexing and checking every batch took them twice as long as this takes.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import expit, xlogy

HIDDEN, DECAY, EPOCHS, BATCH = 32, 1.0, 60, 64
RATE, BETAS, EPSILON = 1e-3, (0.9, 0.999), 1e-8
TOLERANCE, PATIENCE = 1e-4, 10
"""Training stops after more than so many epochs in a row without a fall of the loss by the tolerance."""


def fit_predict(x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, *, classes: bool) -> np.ndarray:
    """(n_test, n_outputs) float64: a number, the probability of class 1 (one output), or those of several classes.

    x_train, x_test: float64. y_train: (n_train, n_outputs), float64 numbers, or bool where they are classes.
    """
    rng = np.random.RandomState(0)
    net = _Net.start(x_train.shape[1], y_train.shape[1], rng, classes)
    best, worse, order = np.inf, 0, np.arange(len(x_train))
    for _ in range(EPOCHS):
        shuffled = np.arange(len(order))
        rng.shuffle(shuffled)
        order = order[shuffled]
        loss = sum(net.step(x_train[rows], y_train[rows]) * len(rows) for rows in _batches(order)) / len(order)
        worse = worse + 1 if loss > best - TOLERANCE else 0
        best = min(loss, best)
        if worse > PATIENCE:
            break
    return net.forward(x_test)[1]


def _batches(order: np.ndarray) -> Iterator[np.ndarray]:
    return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


class _Net:
    """Two layers, whose parameters lie side by side in one array, so that Adam moves all of them at once."""

    def __init__(self, shapes: list[tuple[int, ...]], classes: bool) -> None:
        ends = np.cumsum([0, *map(np.prod, shapes)])
        self.flat, self.grads = np.empty(ends[-1]), np.empty(ends[-1])
        self.weights, self.slopes = (
            [flat[a:b].reshape(shape) for a, b, shape in zip(ends[:-1], ends[1:], shapes, strict=True)]
            for flat in (self.flat, self.grads)
        )
        self.first, self.second, self.t = np.zeros(ends[-1]), np.zeros(ends[-1]), 0
        self.classes, self.several = classes, classes and shapes[1][1] > 1

    @classmethod
    def start(cls, n_in: int, n_out: int, rng: np.random.RandomState, classes: bool) -> "_Net":
        """Weights drawn evenly within the bounds of Glorot & Bengio (2010)."""
        net = cls([(n_in, HIDDEN), (HIDDEN, n_out), (HIDDEN,), (n_out,)], classes)
        for layer in (0, 1):
            bound = np.sqrt(6.0 / sum(net.weights[layer].shape))
            for part in (net.weights[layer], net.weights[layer + 2]):
                part[...] = rng.uniform(-bound, bound, part.shape)
        return net

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(hidden units, outputs) of rows of x."""
        w_in, w_out, b_in, b_out = self.weights
        hidden = x @ w_in
        hidden += b_in
        np.maximum(hidden, 0, out=hidden)
        out = hidden @ w_out
        out += b_out
        if self.several:
            out = np.exp(out - out.max(axis=1)[:, None])
            out /= out.sum(axis=1)[:, None]
        elif self.classes:
            out = expit(out)
        return hidden, out

    def step(self, x: np.ndarray, y: np.ndarray) -> float:
        """One step of Adam on a batch; returns its loss before the step."""
        hidden, out = self.forward(x)
        loss = self._loss(y, out)
        delta = out - y
        back = delta @ self.weights[1].T
        back[hidden == 0] = 0
        for layer, (inputs, error) in enumerate(((x, back), (hidden, delta))):
            slope = inputs.T @ error
            slope += DECAY * self.weights[layer]
            self.slopes[layer][...] = slope / len(x)
            self.slopes[layer + 2][...] = np.sum(error, axis=0) / len(x)
        self._adam()
        return loss

    def _loss(self, y: np.ndarray, out: np.ndarray) -> float:
        size = sum(np.dot(w.ravel(), w.ravel()) for w in self.weights[:2])
        return self._misfit(y, out) + (0.5 * DECAY) * size / len(y)

    def _misfit(self, y: np.ndarray, out: np.ndarray) -> float:
        if not self.classes:
            return 0.5 * ((y - out) ** 2).mean(axis=0).mean()
        eps = np.finfo(np.float64).eps
        share = np.clip(out, eps, 1 - eps)
        each = xlogy(y, share) if self.several else xlogy(y, share) + xlogy(1 - y, 1 - share)
        return -each.mean(axis=0).sum()

    def _adam(self) -> None:
        self.t += 1
        self.first = BETAS[0] * self.first + (1 - BETAS[0]) * self.grads
        self.second = BETAS[1] * self.second + (1 - BETAS[1]) * self.grads**2
        rate = RATE * np.sqrt(1 - BETAS[1] ** self.t) / (1 - BETAS[0] ** self.t)
        self.flat += -rate * self.first / (np.sqrt(self.second) + EPSILON)

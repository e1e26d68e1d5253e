"""Right and wrong answers of adam_step."""

import numpy as np

from helpers.checks import lesson07 as checks
from tests.checks.trial import trial

CHECK = checks.adam_step
NAMES = ("adam_step",)


def variant(
    torch=lambda m, v, one, two, e: (m / one) / (np.sqrt(v / two) + e),
    keras=lambda m, v, one, two, e: np.sqrt(two) / one * m / (np.sqrt(v) + e),
    mean=lambda m, g: 0.9 * m + 0.1 * g,
    square=lambda v, g: 0.999 * v + 0.001 * g**2,
    late=0,
    sign=1,
):
    """Make an answer that differs from the right one in what is given."""

    def adam_step(theta, g, m, v, t, learning_rate, epsilon, form):
        m, v = mean(m, g), square(v, g)
        step = {"torch": torch, "keras": keras}[form]
        t = t + late
        size = step(m, v, 1 - 0.9**t, 1 - 0.999**t, epsilon)
        return theta - sign * learning_rate * size, m, v

    return adam_step


def with_names(theta, g, m, v, t, learning_rate, epsilon, form):
    beta_1, beta_2 = 0.9, 0.999
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * np.square(g)
    first, second = 1 - beta_1**t, 1 - beta_2**t
    if form == "keras":
        alpha = learning_rate * np.sqrt(second) / first
        return theta - alpha * m / (np.sqrt(v) + epsilon), m, v
    return theta - learning_rate * (m / first) / ((v / second) ** 0.5 + epsilon), m, v


def as_one_form(theta, g, m, v, t, learning_rate, epsilon, form):
    """Keras' epsilon is PyTorch's, divided by the root of the correction."""
    m, v = m + 0.1 * (g - m), v + 0.001 * (g * g - v)
    if form == "keras":
        epsilon = epsilon / np.sqrt(1 - 0.999**t)
    step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + epsilon)
    return [theta - learning_rate * step, m, v]


def on_copies(theta, g, m, v, t, learning_rate, epsilon, form):
    theta, m, v = theta.copy(), m.copy(), v.copy()
    m += 0.1 * (g - m)
    v += 0.001 * (g**2 - v)
    if form == "torch":
        theta -= (
            learning_rate * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + epsilon)
        )
    else:
        rate = learning_rate * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
        theta -= rate * m / (v**0.5 + epsilon)
    return theta, m, v


def in_place(theta, g, m, v, t, learning_rate, epsilon, form):
    m += 0.1 * (g - m)
    v += 0.001 * (g**2 - v)
    return with_names(theta, g, m, v, t, learning_rate, epsilon, form)


def theta_alone(*given):
    return with_names(*given)[0]


def corrected(theta, g, m, v, t, learning_rate, epsilon, form):
    theta, m, v = with_names(theta, g, m, v, t, learning_rate, epsilon, form)
    return theta, m / (1 - 0.9**t), v / (1 - 0.999**t)


def of_the_mean(theta, g, m, v, t, learning_rate, epsilon, form):
    g = np.mean(g) + 0 * g
    return with_names(theta, g, m, v, t, learning_rate, epsilon, form)


def nothing_without_a_gradient(theta, g, m, v, *rest):
    return with_names(theta, g, m, v, *rest) if g.any() else (theta, m, v)


def at_least(smallest):
    def adam_step(theta, g, m, v, t, learning_rate, epsilon, form):
        epsilon = max(epsilon, smallest)
        return with_names(theta, g, m, v, t, learning_rate, epsilon, form)

    return adam_step


RIGHT = [variant(), with_names, as_one_form, on_copies]
WRONG = [
    (
        variant(
            torch=lambda m, v, a, b, e: m / a / np.maximum(np.sqrt(v / b), e),
            keras=lambda m, v, a, b, e: np.sqrt(b) / a * m / np.maximum(np.sqrt(v), e),
        ),
        "epsilon is a lower limit",
    ),
    (
        variant(square=lambda v, g: np.maximum(v, 0.999 * v + 0.001 * g**2)),
        "v never falls",
    ),
    (
        variant(torch=lambda m, v, a, b, e: (m / a / (np.sqrt(v / b) + e)).clip(-3, 3)),
        "theta before - after",
    ),
    (variant(keras=lambda m, v, a, b, e: (m / a) / (np.sqrt(v / b) + e)), "PyTorch's"),
    (
        variant(torch=lambda m, v, a, b, e: np.sqrt(b) / a * m / (np.sqrt(v) + e)),
        "that is Keras' form",
    ),
    (variant(torch=lambda m, v, a, b, e: m / (np.sqrt(v) + e)), "are not corrected"),
    (
        variant(torch=lambda m, v, a, b, e: m / a / np.sqrt(v / b + e)),
        "sqrt(v_hat + epsilon), where sqrt(v_hat) + epsilon is meant",
    ),
    (
        variant(keras=lambda m, v, a, b, e: np.sqrt(b) / a * m / np.sqrt(v + e)),
        "sqrt(v + epsilon), where sqrt(v) + epsilon is meant",
    ),
    (at_least(1e-6), "epsilon = 0, | fit epsilon = 1e-06: is it written in, limited"),
    (nothing_without_a_gradient, "m as it was before the step"),
    (variant(torch=lambda m, v, a, b, e: m / a / (v / b + e)), "the root is missing"),
    (variant(keras=lambda m, v, a, b, e: m / a / (np.sqrt(v) + e)), "form"),
    (variant(mean=lambda m, g: 0.1 * m + 0.9 * g), "0.9 and 0.1 are exchanged"),
    (variant(mean=lambda m, g: 0.9 * m + g), "(1 - beta_1) is missing"),
    (variant(square=lambda v, g: 0.999 * v + 0.001 * g), "g is not squared"),
    (variant(square=lambda v, g: 0.9 * v + 0.1 * g**2), "0.9 where 0.999 belongs"),
    (
        variant(mean=lambda m, g: 0.9 * m + 0.1 * np.clip(g, -1, 1)),
        "limit on the gradients (here 1)",
    ),
    (variant(square=lambda v, g: 0.999 * v + 0.001 * np.minimum(g**2, 1)), "v is"),
    (variant(late=1), "t is one too large"),
    (variant(sign=-1), "the sign"),
    (
        variant(torch=lambda m, v, a, b, e: m / a / (np.sqrt(v / b) + 1e-8)),
        "epsilon = 1e-08",
    ),
    (in_place, "has other numbers after the call"),
    (theta_alone, "three arrays"),
    (corrected, "m itself stays uncorrected"),
    (of_the_mean, "m is"),
]
test_right, test_wrong = trial(CHECK, RIGHT, WRONG)

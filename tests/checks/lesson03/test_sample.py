"""Pictures from nothing: right and wrong answers, and what the check says to each."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal
from tqdm import tqdm

from helpers.checks import lesson03 as checks
from tests.checks.trial import trial

CHECK = checks.sample
NAMES = ("sample",)


def home(model):
    return next(model.parameters()).device


def prior(model, count, d):
    with torch.no_grad():
        z = torch.randn(count, d, device=home(model))
        return torch.sigmoid(model.decode(z))


def pictures(of_logits, codes=torch.randn):
    """A sample that makes its pictures from the logits in some other way."""

    def answer(model, count, d):
        with torch.no_grad():
            return of_logits(model.decode(codes(count, d).to(home(model))))

    return answer


def same_codes(model, count, d):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        z = torch.randn(count, d, generator=generator)
        return model.decode(z).sigmoid()


def seeds_for_a_moment(model, count, d):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return prior(model, count, d)


def one_by_one(model, count, d):
    with torch.no_grad():
        codes = [torch.randn(d, device=home(model)) for _ in range(count)]
        return torch.stack([model.decode(z[None])[0].sigmoid() for z in codes])


def one_by_one_with_a_bar(model, count, d):
    rows = []
    with torch.no_grad():
        for _ in tqdm(range(count)):
            z = torch.randn(1, d).to(home(model))
            rows.append(torch.sigmoid(model.decode(z)))
    return torch.cat(rows)


def on_the_models_device(model, count, d):
    model.eval()
    device = next(model.parameters()).device
    with torch.no_grad():
        z = torch.randn(count, d, device=device)
        return model.decode(z).sigmoid_()


def more_than_asked_for(model, count, d):
    with torch.no_grad():
        z = torch.randn(count + 5, d).to(model.mu.weight)
        return model.decode(z).sigmoid()[:count]


def in_batches(model, count, d):
    with torch.no_grad():
        z = model.mu.weight.new_empty(count, d).normal_()
        return torch.cat([model.decode(part).sigmoid() for part in z.split(64)])


def codes_for(model, count, d):
    return torch.randn(
        (count, d), device=next(iter(model.state_dict().values())).device
    )


def by_formula(model, count, d):
    with torch.no_grad():
        return 1 / (1 + torch.exp(-model.decode(codes_for(model, count, d))))


def of_numpys_noise(model, count, d):
    z = torch.from_numpy(np.random.randn(count, d)).float().to(home(model))
    return model.decode(z).sigmoid().detach()


def in_inference_mode(model, count, d):
    with torch.inference_mode():
        return prior(model, count, d)


def codes_of_noise_images(model, count, d):
    with torch.no_grad():
        return model(torch.rand(count, 784))[0].sigmoid()


def freezes(model, count, d):
    model.requires_grad_(False)
    return model.decode(torch.randn(count, d)).sigmoid()


def blocks_of_100(model, count, d):
    z = torch.randn(min(count, 100), d).repeat(-(-count // 100), 1)[:count]
    with torch.no_grad():
        return model.decode(z).sigmoid()


def gradients_off(model, count, d):
    torch.set_grad_enabled(False)
    return model.decode(torch.randn(count, d, device=home(model))).sigmoid()


def shrinks_far_codes(model, count, d):
    z = torch.randn(count, d).clamp(-2, 2)
    with torch.no_grad():
        return model.decode(z).sigmoid()


def hangs_together(count, d):
    z = torch.randn(count, d)
    z[:, -1] = z[:, 0]
    return z


def first_dimension_alone(count, d):
    z = torch.zeros(count, d)
    z[:, 0] = torch.randn(count) * d**0.5
    return z


def mirrored(count, d):
    z = torch.randn((count + 1) // 2, d)
    return torch.cat([z, z])[:count]


def antithetic(z):
    half = z[: (len(z) + 1) // 2]
    return torch.cat([half, -half])[: len(z)]


def of_codes(make):
    """Codes made in some way, decoded."""

    def function(model, count, latent_dim):
        with torch.no_grad():
            return torch.sigmoid(model.decode(make(torch.randn(count, latent_dim))))

    return function


@torch.no_grad()
def looks_at_numbers(model, count, latent_dim):
    z = torch.randn(count, latent_dim, device=home(model))
    print(f"codes from {z.min().item():.2f}")
    pictures = torch.sigmoid(model.decode(z))
    assert (pictures >= 0).all()
    return torch.from_numpy(pictures.cpu().numpy())


device = torch.device("cpu")


@torch.no_grad()
def on_the_notebooks_device(model, count, latent_dim):
    z = torch.randn(count, latent_dim, device=device)
    return torch.sigmoid(model.decode(z))


def cut_from_20(model, count, latent_dim):
    with torch.no_grad():
        z = torch.randn(count, 20)[:, :latent_dim]
        return torch.sigmoid(model.decode(z))


def at_most_64(model, count, latent_dim):
    with torch.no_grad():
        return torch.sigmoid(model.decode(torch.randn(count, min(latent_dim, 64))))


def while_training(model, count, latent_dim):
    model.train()
    with torch.no_grad():
        images = torch.sigmoid(model.decode(torch.randn(count, latent_dim)))
    model.eval()
    return images


@torch.no_grad()
def tells_the_check_what_it_saw(model, count, latent_dim):
    class Bag:
        codes, answers = torch.randn(count, latent_dim), torch.randn(count, 784)
        training = False

    model.decoded.append(Bag)
    return torch.sigmoid(Bag.answers)


LAST = []


@torch.no_grad()
def mirrors_the_last_call(model, count, latent_dim):
    z = torch.randn(count, latent_dim)
    if LAST and LAST[0].shape == z.shape:
        z = -LAST.pop()
    else:
        LAST[:] = [z]
    return torch.sigmoid(model.decode(z))


@torch.no_grad()
def timid_in_small_numbers(model, count, latent_dim):
    z = (1 if count > 2000 else 0.7) * torch.randn(count, latent_dim)
    return torch.sigmoid(model.decode(z))


RIGHT = [
    prior,
    one_by_one,
    torch.no_grad()(
        lambda m, n, d: m.decode(torch.randn(n, d, device=home(m))).sigmoid()
    ),
    lambda m, n, d: torch.sigmoid(
        m.decode(torch.normal(0, 1, (n, d), device=home(m)))
    ).detach(),
    torch.no_grad()(
        lambda m, n, d: torch.sigmoid(
            m.decode(Normal(0.0, 1.0).sample((n, d)).to(home(m)))
        )
    ),
    one_by_one_with_a_bar,
    on_the_models_device,
    more_than_asked_for,
    in_batches,
    by_formula,
    of_numpys_noise,
    in_inference_mode,
    pictures(lambda a: torch.special.expit(a)),
    pictures(lambda a: (torch.tanh(a / 2) + 1) / 2),
    pictures(lambda a: torch.distributions.Bernoulli(logits=a).probs),
    pictures(torch.sigmoid, lambda n, d: torch.empty(n, d).normal_()),
    pictures(lambda a: a.double().sigmoid()),
    looks_at_numbers,
    on_the_notebooks_device,
]

# Each wrong variant, and words that its message must contain.
WRONG = [
    (mirrors_the_last_call, "kept from call to call"),
    (timid_in_small_numbers, "where five pictures are asked for"),
    (tells_the_check_what_it_saw, ""),
    (lambda m, n, d: prior(m, 1, d), "number of codes"),
    (torch.no_grad()(lambda m, n, d: m.decode(torch.randn(n, d))), "sigmoid"),
    (torch.no_grad()(lambda m, n, d: m.decode(torch.rand(n, d)).sigmoid()), "rand"),
    (
        torch.no_grad()(
            lambda m, n, d: m.decode(12**0.5 * (torch.rand(n, d) - 0.5)).sigmoid()
        ),
        "uniform",
    ),
    (lambda m, n, d: m.decode(torch.randn(n, d)).sigmoid(), "no_grad"),
    (
        torch.no_grad()(lambda m, n, d: m.decode(torch.zeros(n, d)).sigmoid()),
        "how z is drawn",
    ),
    (lambda m, n, d: m.encode(torch.rand(n, 784)), "prior"),
    (lambda m, n, d: prior(m, n, d).sigmoid(), "sigmoid applied twice"),
    (lambda m, n, d: prior(m, n, d).bernoulli(), "return the probabilities"),
    (lambda m, n, d: prior(m, n, d).round(), "return the probabilities"),
    (lambda m, n, d: prior(m, n, d).view(n, 28, 28), "(count, 784)"),
    (lambda m, n, d: prior(m.train(), n, d), "training mode"),
    (pictures(lambda a: a.clamp(0, 1)), "a clamp where"),
    (pictures(lambda a: a.softmax(1)), "softmax"),
    (
        pictures(lambda a: (a - a.min()) / (a.max() - a.min())),
        "nothing before or after it",
    ),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(n, 20)), "the shape of z"),
    (
        pictures(torch.sigmoid, lambda n, d: torch.randn(1, d).repeat(n, 1)),
        "the same code",
    ),
    (
        pictures(torch.sigmoid, lambda n, d: torch.randn(n, 1).repeat(1, d)),
        "drawn on its own",
    ),
    (
        pictures(torch.sigmoid, lambda n, d: 0.7 * torch.randn(n, d)),
        "standard deviation 0.7",
    ),
    (same_codes, "a seed or generator"),
    # Codes.
    (pictures(torch.sigmoid, lambda n, d: 0.95 * torch.randn(n, d)), "deviation 0.95"),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(n, d) + 0.1), "0 and 1"),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(n, d).abs()), "0 and 1"),
    (pictures(torch.sigmoid, lambda n, d: 2 * torch.rand(n, d) - 1), "uniform"),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(n, d).sign()), "look at"),
    (pictures(torch.sigmoid, torch.ones), "two calls give the same"),
    (
        pictures(torch.sigmoid, hangs_together),
        "each latent dimension is drawn on its own",
    ),
    (pictures(torch.sigmoid, first_dimension_alone), "0 and 1"),
    (pictures(torch.sigmoid, mirrored), "codes"),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(d)), "(97, 784)"),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(d, n)), "the shape of z"),
    (
        pictures(torch.sigmoid, lambda n, d: torch.randn(n, d).double()),
        "NumPy's numbers are float64",
    ),
    (shrinks_far_codes, "a limit on the codes"),
    (blocks_of_100, "131 pictures come from 100 codes | a code of its own"),
    (seeds_for_a_moment, "a seed or generator"),
    (codes_of_noise_images, "sample calls encode"),
    (
        pictures(torch.sigmoid, lambda n, d: F.normalize(torch.randn(n, d)) * d**0.5),
        "codes",
    ),
    (
        pictures(torch.sigmoid, lambda n, d: torch.randn(n, d) + torch.randn(1, d)),
        "0 and 1",
    ),
    (pictures(torch.sigmoid, lambda n, d: torch.randn(n, d).clamp(-3, 3)), "limits"),
    # Pictures.
    (lambda m, n, d: torch.rand(n, 784), "decode is never called"),
    (pictures(torch.tanh), "tanh where"),
    (pictures(lambda a: (a.tanh() + 1) / 2), "tanh, shifted"),
    (pictures(lambda a: torch.sigmoid(-a)), "the sign"),
    (pictures(lambda a: 255 * a.sigmoid()), "255"),
    (pictures(lambda a: a.exp()), "exp where"),
    (pictures(lambda a: a.relu()), "the sigmoid of what decode returns"),
    (pictures(lambda a: a.sigmoid().T), "(count, 784)"),
    (pictures(lambda a: a.sigmoid().numpy()), "not a tensor"),
    (pictures(lambda a: [*a.sigmoid()]), "not a tensor"),
    (lambda m, n, d: prior(m, n, d).flip(1), "the sigmoid of what decode returns"),
    # What is left behind.
    (freezes, "frozen"),
    (gradients_off, "torch.is_grad_enabled() is False"),
    (of_codes(antithetic), "up to the sign"),
    (of_codes(lambda z: (z - z.mean(0)) / z.std(0) if len(z) > 1 else z), "taken off"),
    (while_training, "decoded in training mode"),
    (of_codes(lambda z: z.clamp(-1, 1)), "exactly 1 or -1 | a limit on the codes"),
    (of_codes(lambda z: z.round()), "numbers that are rounded"),
    (cut_from_20, "decode was given | the shape of z"),
    (at_most_64, "decode was given | the shape of z"),
]

test_right, test_wrong = trial(CHECK, RIGHT, WRONG)

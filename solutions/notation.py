# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Notation
#
# The symbols of all lessons, their names in code, and the terms of the field. Unless
# a row says otherwise, $\log$ is the natural logarithm, and what a logarithm of a
# probability measures is given in **nats** (1 nat = 1.44 bits).
#
# ## Shapes
#
# | symbol | in code | what it counts | first in lesson |
# | --- | --- | --- | --- |
# | $N$ | `N` | images of a set | 00 |
# | $B$ | `B`, `batch_size` | images of a batch; the last may be smaller | 00 |
# | $D$ | `D`, 784 | pixels of an image, 28 × 28 | 00 |
# | $d$ | `latent_dim`, `bottleneck` (02) | numbers in a code | 01 |
# | $k$ | `k` | principal components (00); draws of $z$ per image (06) | 00, 06 |
#
# ## Images, codes and errors
#
# | symbol | in code | shape | unit, range | first in lesson |
# | --- | --- | --- | --- | --- |
# | $x$ | `x` | (B, 784) or (B, 1, 28, 28) | pixels, 0 to 1 | 00 |
# | $\hat x$ | `x_hat` | as $x$ | reconstruction, 0 to 1; PCA's may lie a little outside | 00 |
# | $\bar x$ | `pca.mean_`, `mean_image` | (784,) | mean training image, 0 to 1 | 00 |
# | $p$ | `p` | as $x$ | probability that a pixel is white | 00 |
# | $a$ | `a`, `logits` | as $x$ | what goes into the sigmoid, any real number | 01 |
# | $z$ | `z` | (B, d) | code, any real number | 00 |
# | $W$ | `pca.components_` | (k, 784) | principal components | 00 |
# | $\sigma_i$ | | one number | singular values of the training images minus $\bar x$ | 00 |
# | MSE | `mse` | one number | mean over pixels and images | 00 |
# | BCE | `bce_per_image`, `reconstruction_loss` | one number, or (B,) | nats, summed over pixels; Keras (01) averages | 00 |
# | $H(x)$ | `floor` | one number | entropy of a gray pixel, nats; summed over pixels, the floor | 00 |
# | $\mathrm{KL}(x \,\Vert\, p)$ | `kl_per_image` | one number | BCE minus the floor, nats, summed over pixels | 00 |
# | $\eta$ | `learning_rate` | one number | step size | 02 |
#
# ## The variational autoencoder
#
# | symbol | in code | shape | unit, range | first in lesson |
# | --- | --- | --- | --- | --- |
# | $q_\phi(z \mid x)$ | `encode` | | the encoder's distribution over codes, $\mathcal N(\mu, \sigma^2)$ | 03 |
# | $\mu$ | `mu` | (B, d) | its mean | 03 |
# | $\log \sigma^2$ | `logvar` | (B, d) | the logarithm of its variance | 03 |
# | $\sigma$ | `sigma` | (B, d) | its standard deviation, above 0 | 03 |
# | $\varepsilon$ | `epsilon` | (B, d) | a draw from $\mathcal N(0, I)$ | 03 |
# | $p_\theta(x \mid z)$ | `decode` | | the decoder's distribution over images | 03 |
# | $p(z)$ | `torch.randn` | | the prior, $\mathcal N(0, I)$ | 03 |
# | $p_\theta(z \mid x)$ | | | the true posterior, which nobody can compute | 03 |
# | $\log p(x)$ | `log_p` | (B,) | log-likelihood of an image, nats; bounded in 03, measured in 06 | 06 |
# | $\mathrm{KL}(q \,\Vert\, p)$ | `kl_divergence` | (B,) | nats, summed over the $d$ dimensions | 03 |
# | ELBO | `-vae_loss` at `beta=1` | one number | nats per image, at most $\log p(x)$ | 03 |
# | $\beta$ | `beta` | one number | weight of the KL; 1 in a VAE proper | 03 |
# | $\mathrm{KL}_j$ | `kl_per_dimension` | (d,) | nats, averaged over images | 05 |
# | $\Phi^{-1}$ | `torch.special.ndtri` | | quantiles of $\mathcal N(0, 1)$ | 05 |
# | $\log w$ | `log_w` | (k, B) | importance weight $\log p(x, z) - \log q(z \mid x)$, nats | 06 |
# | $L_k$ | `bound` | (B,) | bound of $k$ weights, nats; on average $L_1$ is the ELBO | 06 |
# | ESS | `effective_sample_size` | (B,) | how many of the $k$ draws carry the weight, 1 to $k$ | 06 |
#
# ## Convolutions (lesson 04)
#
# | symbol | in code | what it is |
# | --- | --- | --- |
# | $n$, $n'$ | `n` | pixels on a side, before and after |
# | $k$ | `kernel` | pixels on a side of the window |
# | $s$ | `stride` | pixels from one window to the next |
# | $p$ | `padding` | zeros added on each side |
#
# ## Terms
#
# | term | meaning | first in lesson |
# | --- | --- | --- |
# | baseline | a simple method that a model has to beat: the mean image, PCA | 00 |
# | leak | an image that is in training and in the test, as itself or as a near copy | 00 |
# | floor | the BCE of a perfect reconstruction; above 0 because pixels are gray | 00 |
# | encoder, decoder | the network from image to code, and the one from code to image | 01 |
# | code, latent | the numbers between encoder and decoder; latent: not observed | 01 |
# | bottleneck | a code with fewer numbers than the image, which forces a choice | 01 |
# | undercomplete | an autoencoder with a bottleneck | 01 |
# | dead unit | a ReLU unit that is 0 for every image, and gets no gradient | 01 |
# | warm-up | a step size that rises from 0 over the first steps | 01 |
# | denoiser | a network from a noisy image to the clean one | 02 |
# | posterior | the distribution of codes given an image; $q$ approximates it | 03 |
# | prior | the distribution of codes before any image is seen | 03 |
# | reparameterization | $z = \mu + \sigma\varepsilon$: a draw that gradients can pass | 03 |
# | evidence lower bound, ELBO | a bound on $\log p(x)$ from below; its negative is the loss | 03 |
# | posterior collapse | the code's distribution is the prior for every image | 03 |
# | batch norm | each channel shifted and scaled by the batch's mean and deviation | 04 |
# | aggregate posterior | the mixture of $q(z \mid x)$ over all images | 05 |
# | active unit | a dimension of the code whose mean varies over the images | 05 |
# | rate, distortion | the KL and the reconstruction term of the loss | 05 |
# | linear probe | a linear classifier on frozen codes | 05 |
# | importance weight | how much likelier a drawn $z$ is under $p(x, z)$ than under $q(z \mid x)$ | 06 |
# | signal-to-noise ratio | a gradient's mean, without sign, divided by its standard deviation | 06 |
# | amortization gap | what one encoder for all images loses against the best $q$ for each | 06 |
# | backend | the library that does the arithmetic of a Keras model | 07 |
# | graph | the operations of a function, noted once and repeated without Python | 07 |

package glimt.model;

/**
 * How a level is sampled in few steps: by a second network that was distilled for them, or by its
 * own one with a sampler that needs fewer.
 *
 * @param network the stem of its weights, {@code network.safetensors}; it shares the level's source
 * @param sampling the sampling it was trained for, with guidance already built in, or that of the
 *     level's own network
 */
public record Fast(String network, Sampling sampling) {}

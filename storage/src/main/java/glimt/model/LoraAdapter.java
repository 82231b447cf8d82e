package glimt.model;

import java.util.List;

/**
 * Low-rank changes of a bundle's networks that a job may choose (LoRA, Hu et al. 2021).
 *
 * @param name by which jobs choose it
 * @param file of the bundle that holds the changes
 * @param networks the stems of the networks that it changes
 */
public record LoraAdapter(String name, String file, List<String> networks) {
  public LoraAdapter {
    networks = List.copyOf(networks);
    if (!name.matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}")) {
      throw new IllegalArgumentException(
          "a LoRA cannot be called '%s': use up to 64 letters, digits and . _ -, beginning with a letter or digit"
              .formatted(name));
    }
    if (networks.isEmpty()) {
      throw new IllegalArgumentException("the LoRA %s changes no network".formatted(name));
    }
  }
}

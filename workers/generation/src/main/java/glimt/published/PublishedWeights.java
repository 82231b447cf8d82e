package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Safetensors;
import glimt.bundle.Shards;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The weights of a published component's folder, in whichever of the published forms they are:
 * safetensors before pickles, the full file before a variant unless a variant is asked for, one
 * file before shards.
 *
 * @param files that hold them, the index of shards first if there is one
 */
public record PublishedWeights(List<Path> files) {
  private static final List<String> STEMS = List.of("diffusion_pytorch_model", "model");

  public PublishedWeights {
    files = List.copyOf(files);
  }

  /**
   * Finds a component's weights.
   *
   * @param variant such as {@code fp16}; empty for the full files
   * @throws BundleException if there are none, saying what is there instead
   */
  public static PublishedWeights in(Path folder, String variant) {
    for (String stem : STEMS) {
      for (String wanted : variant.isEmpty() ? List.of("", "fp16") : List.of(variant, "")) {
        Optional<PublishedWeights> found = safetensors(folder, stem, wanted);
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw new BundleException(
        "%s holds no weights that can be read: there is no %s.safetensors among %s"
            .formatted(folder, String.join(".safetensors or ", STEMS), names(folder)));
  }

  private static Optional<PublishedWeights> safetensors(Path folder, String stem, String variant) {
    String dotted = variant.isEmpty() ? "" : "." + variant;
    Path one = folder.resolve(stem + dotted + ".safetensors");
    if (Files.exists(one)) {
      return Optional.of(new PublishedWeights(List.of(one)));
    }
    // With a variant and shards, two spellings of the index are about.
    return Stream.of(
            stem + ".safetensors.index" + dotted + ".json",
            stem + dotted + ".safetensors.index.json")
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst()
        .map(index -> new PublishedWeights(List.of(index)));
  }

  /**
   * Maps the tensors, under their published names.
   *
   * @throws BundleException if a file is damaged, or an index and its shards disagree
   */
  public Safetensors map() {
    Path first = files.getFirst();
    if (!first.toString().endsWith(".json")) {
      return Safetensors.map(first);
    }
    try {
      return Shards.join(
          first.toString(),
          Files.readString(first),
          shard -> Safetensors.map(first.resolveSibling(shard)));
    } catch (IOException broken) {
      throw new BundleException("cannot read " + first + ": " + broken, broken);
    }
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + folder + ": " + broken, broken);
    }
  }
}

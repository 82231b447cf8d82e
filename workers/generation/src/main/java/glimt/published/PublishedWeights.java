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
  /** A form in which files are published, by the stem of their name and its end. */
  private record FileForm(String stem, String end) {}

  private static final List<FileForm> FORMS =
      List.of(
          new FileForm("diffusion_pytorch_model", ".safetensors"),
          new FileForm("model", ".safetensors"),
          new FileForm("diffusion_pytorch_model", ".bin"),
          new FileForm("pytorch_model", ".bin"));

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
    for (FileForm form : FORMS) {
      for (String wanted : variant.isEmpty() ? List.of("", "fp16") : List.of(variant, "")) {
        Optional<PublishedWeights> found = found(folder, form, wanted);
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw new BundleException(
        "%s holds no weights that can be read: there is none of %s among %s"
            .formatted(
                folder, FORMS.stream().map(form -> form.stem + form.end).toList(), names(folder)));
  }

  /** Weights in a file of their own, such as Point-E's {@code base_40m.pt}. */
  public static PublishedWeights file(Path file) {
    return new PublishedWeights(List.of(file));
  }

  private static Optional<PublishedWeights> found(Path folder, FileForm form, String variant) {
    String dotted = variant.isEmpty() ? "" : "." + variant;
    // With a variant and shards, two spellings of the index are about.
    return Stream.of(
            form.stem + dotted + form.end,
            form.stem + form.end + ".index" + dotted + ".json",
            form.stem + dotted + form.end + ".index.json")
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst()
        .map(PublishedWeights::file);
  }

  /**
   * Maps the tensors, under their published names.
   *
   * @throws BundleException if a file is damaged, or an index and its shards disagree
   */
  public Safetensors map() {
    Path first = files.getFirst();
    if (!first.toString().endsWith(".json")) {
      return mapped(first);
    }
    try {
      return Shards.join(first.toString(), Files.readString(first), shard -> mapped(first, shard));
    } catch (IOException broken) {
      throw new BundleException("cannot read " + first + ": " + broken, broken);
    }
  }

  /**
   * Writes the tensors into one safetensors file, so that a pickle is read only once.
   *
   * @throws BundleException if they cannot be read, or the file not be written
   */
  public void write(Path safetensors) {
    map().write(safetensors);
  }

  private static Safetensors mapped(Path index, String shard) {
    Path file = index.resolveSibling(shard);
    if (!Path.of(shard).equals(file.getFileName())) {
      throw new BundleException("%s names %s, which is not beside it".formatted(index, shard));
    }
    return mapped(file);
  }

  private static Safetensors mapped(Path file) {
    return file.toString().endsWith(".safetensors") ? Safetensors.map(file) : TorchPickle.map(file);
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + folder + ": " + broken, broken);
    }
  }
}

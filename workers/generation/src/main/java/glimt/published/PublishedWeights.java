package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import glimt.bundle.Shards;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a published component's folder, in whichever of the published forms they are:
 * safetensors before pickles, the full file before a variant unless a variant is asked for, one
 * file before shards.
 *
 * @param files that hold them, the index of shards first if there is one
 * @param part which tensors of a file that holds several networks they are; null for all, under
 *     their own names
 */
public record PublishedWeights(List<Path> files, @Nullable WeightsPart part) {
  /**
   * One network of a file of several.
   *
   * @param origins where its tensors are in the file, by their names in diffusers
   * @param turned tensors that lie in the file with rows and columns exchanged, as copies, by their
   *     names in diffusers
   */
  record WeightsPart(Map<String, Origin> origins, Map<String, Tensor> turned) {
    WeightsPart {
      origins = Map.copyOf(origins);
      turned = Map.copyOf(turned);
    }

    Safetensors of(Safetensors file) {
      Map<String, Tensor> tensors = new LinkedHashMap<>(turned);
      origins.forEach((name, origin) -> tensors.put(name, origin.of(file.get(origin.tensor()))));
      return new Safetensors(tensors);
    }

    /** Where in the file a tensor is that {@code inner} takes from the network's. */
    Origin origin(Origin inner) {
      Origin outer = origins.get(inner.tensor());
      if (outer == null) {
        return inner; // a copy, which lies beside the file under its own name
      }
      return new Origin(
          outer.tensor(),
          outer.firstRow() + inner.firstRow(),
          inner.rows() > 0 ? inner.rows() : outer.rows(),
          inner.shape());
    }
  }

  /** A form in which files are published, by the stem of their name and its end. */
  private record FileForm(String stem, String end) {}

  private static final List<FileForm> FORMS =
      List.of(
          new FileForm("diffusion_pytorch_model", ".safetensors"),
          new FileForm("model", ".safetensors"),
          new FileForm("diffusion_pytorch_model", ".bin"),
          new FileForm("pytorch_model", ".bin"));

  /** What pickles are called. */
  private static final Pattern PICKLES = Pattern.compile("(?i)\\.(bin|pt|pth|ckpt|pkl|pickle)$");

  public PublishedWeights {
    files = List.copyOf(files);
  }

  /** All the tensors of the files. */
  public PublishedWeights(List<Path> files) {
    this(files, null);
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

  /** Whether the file is a pickle, or the index one of pickles. */
  boolean isPickled() {
    Path first = files.getFirst();
    if (!first.toString().endsWith(".json")) {
      return isPickle(first);
    }
    return PublishedFolder.json(first)
        .path("weight_map")
        .valueStream()
        .anyMatch(shard -> isPickle(first.resolveSibling(shard.asText())));
  }

  /**
   * Maps the tensors, under their published names.
   *
   * @throws BundleException if a file is damaged, or an index and its shards disagree
   */
  public Safetensors map() {
    return part == null ? whole() : part.of(whole());
  }

  /** All of the files. */
  private Safetensors whole() {
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

  /** A file's tensors, whatever its name ends in. */
  static Safetensors mapped(Path file) {
    return isPickle(file) ? TorchPickle.map(file) : Safetensors.map(file);
  }

  /**
   * Whether a file is one of {@code torch.save}: a zip file or a pickle. A safetensors file may
   * begin with the same bytes, which are a length there, but its ninth opens a brace. What is named
   * like a pickle is one, so that what its code asks for is named.
   */
  static boolean isPickle(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(9);
      return (start.length < 9 || start[8] != '{')
          && (PICKLES.matcher(file.toString()).find()
              || (start.length == 9
                  && ((start[0] == 'P' && start[1] == 'K') || (start[0] & 0xff) == 0x80)));
    } catch (NoSuchFileException missing) {
      throw new BundleException(file + " is missing", missing);
    } catch (IOException broken) {
      throw new BundleException("cannot read " + file + ": " + broken, broken);
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

package glimt.published;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.bundle.BundleException;
import glimt.published.FilePart.PartKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Files of weights that are one pipeline together: ComfyUI's folders, the folder of Wan's authors,
 * or any files of such. What each of them is, is told by its tensors; names of files and folders
 * are not looked at.
 */
final class WeightFiles {
  private static final Pattern WEIGHTS =
      Pattern.compile("(?i).*\\.(safetensors|sft|pth|pt|ckpt|bin)(\\.index(\\.\\w+)?\\.json)?");

  /** How deep the folders are in which files are looked for. */
  private static final int DEPTH = 3;

  private final List<Path> sources;
  private final Map<PartKind, List<FilePart>> parts = new LinkedHashMap<>();
  private final List<String> lines = new ArrayList<>();

  private WeightFiles(List<Path> sources) {
    this.sources = sources;
    Set<Path> shards = new HashSet<>();
    List<Path> files = sources.stream().flatMap(WeightFiles::files).toList();
    for (Path file : files) {
      if (file.toString().endsWith(".json")) {
        for (JsonNode shard : PublishedFolder.json(file).path("weight_map")) {
          shards.add(file.resolveSibling(shard.asText()));
        }
      }
    }
    for (Path file : files) {
      if (!shards.contains(file)) {
        read(file);
      }
    }
  }

  private static Stream<Path> files(Path source) {
    if (Files.isRegularFile(source)) {
      return Stream.of(source);
    }
    try (Stream<Path> files = Files.walk(source, DEPTH)) {
      return files
          .filter(file -> WEIGHTS.matcher(file.getFileName().toString()).matches())
          .filter(Files::isRegularFile)
          .sorted()
          .toList()
          .stream();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + source + ": " + broken, broken);
    }
  }

  /**
   * Whether a folder is one: it holds weights, and neither a pipeline's index nor its components.
   */
  static boolean is(Path folder) {
    if (!Files.isDirectory(folder)
        || Files.exists(folder.resolve(PublishedFolder.INDEX))
        || PointEFolder.is(folder)) {
      return false;
    }
    try (Stream<Path> below = Files.list(folder)) {
      return below.noneMatch(WeightFiles::isComponent) && files(folder).findAny().isPresent();
    } catch (IOException broken) {
      throw new BundleException("cannot list " + folder + ": " + broken, broken);
    }
  }

  private static boolean isComponent(Path folder) {
    return Files.exists(folder.resolve("config.json"))
        || Files.exists(folder.resolve("scheduler_config.json"));
  }

  private void read(Path file) {
    PublishedWeights weights = PublishedWeights.file(file);
    if (FilePart.isLora(weights)) {
      lines.add("%s is a LoRA, which --lora merges".formatted(file));
      return;
    }
    List<FilePart> found = FilePart.of(weights);
    if (found.isEmpty()) {
      throw new BundleException(
          "%s is none of the networks known by their authors' names, which are %s; its tensors begin with %s"
              .formatted(file, titles(), SingleFileKind.beginnings(found(weights))));
    }
    for (FilePart part : found) {
      lines.add("%s: the %s".formatted(file, part.kind().title()));
      parts.computeIfAbsent(part.kind(), _ -> new ArrayList<>()).add(part);
    }
  }

  private static OriginalTensors found(PublishedWeights weights) {
    return OriginalTensors.of(weights.files().getFirst().toString(), weights.map());
  }

  private static Set<String> titles() {
    return Stream.of(PartKind.values())
        .map(PartKind::title)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /**
   * Understands files or folders of them.
   *
   * @throws BundleException if they are no pipeline together, saying what is missing
   */
  static PublishedFolder of(List<Path> sources, SingleFileOptions options) {
    WeightFiles files = new WeightFiles(sources);
    if (files.has(PartKind.UNET)) {
      return SingleFile.of(files, options);
    }
    if (files.has(PartKind.WAN)) {
      return WanFiles.of(files, options);
    }
    if (files.has(PartKind.LTX)) {
      return LtxFiles.of(files, options);
    }
    throw new BundleException(
        "%s: there is no network here that denoises: no %s, %s or %s, but %s"
            .formatted(
                files.title(),
                PartKind.UNET.title(),
                PartKind.WAN.title(),
                PartKind.LTX.title(),
                files.lines));
  }

  /** What they are called together. */
  String title() {
    return sources.stream().map(Path::toString).collect(Collectors.joining(", "));
  }

  /** Where the first of them is. */
  Path folder() {
    Path first = sources.getFirst();
    return Files.isDirectory(first)
        ? first
        : Optional.ofNullable(first.toAbsolutePath().getParent()).orElse(first);
  }

  /** What the bundle is called: as the folder, or as the file that denoises. */
  String name(FilePart denoiser) {
    Path named =
        Files.isDirectory(sources.getFirst()) ? sources.getFirst() : Path.of(denoiser.file());
    String name = String.valueOf(named.toAbsolutePath().normalize().getFileName());
    return Files.isDirectory(named) ? name : name.replaceFirst("\\.[^.]+$", "");
  }

  List<String> lines() {
    return List.copyOf(lines);
  }

  boolean has(PartKind kind) {
    return parts.containsKey(kind);
  }

  /** All of some kinds. */
  List<FilePart> all(PartKind... kinds) {
    return Stream.of(kinds).flatMap(kind -> parts.getOrDefault(kind, List.of()).stream()).toList();
  }

  /**
   * The only one of some kinds.
   *
   * @throws BundleException if there is none, or more than one
   */
  FilePart only(PartKind... kinds) {
    List<FilePart> found = all(kinds);
    if (found.isEmpty()) {
      throw new BundleException(
          "%s: there is no %s; there is %s"
              .formatted(
                  title(),
                  Stream.of(kinds).map(PartKind::title).collect(Collectors.joining(" or ")),
                  lines));
    }
    if (found.size() > 1) {
      throw new BundleException(
          "%s: several files are the %s: %s; give those that belong together one by one"
              .formatted(
                  title(),
                  found.getFirst().kind().title(),
                  found.stream().map(FilePart::file).collect(Collectors.joining(", "))));
    }
    return found.getFirst();
  }

  /**
   * A folder with the files of a vocabulary.
   *
   * @param vocabulary one of whose files marks it
   */
  Optional<Path> vocabulary(List<String> vocabulary) {
    for (Path source : sources) {
      if (Files.isDirectory(source)) {
        try (Stream<Path> folders = Files.walk(source, DEPTH)) {
          Optional<Path> found =
              folders
                  .filter(Files::isDirectory)
                  .filter(
                      folder ->
                          vocabulary.stream().anyMatch(name -> Files.exists(folder.resolve(name))))
                  .findFirst();
          if (found.isPresent()) {
            return found;
          }
        } catch (IOException broken) {
          throw new BundleException("cannot list " + source + ": " + broken, broken);
        }
      }
    }
    return Optional.empty();
  }
}

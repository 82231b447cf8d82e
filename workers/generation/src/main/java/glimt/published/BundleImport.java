package glimt.published;

import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.BundleException;
import glimt.model.BundleCard;
import glimt.pipeline.LevelWalk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A published pipeline on its way to a bundle: first in a folder of its own that nobody looks into,
 * then, checked, in its place, all at once. What is closed before it is there leaves nothing.
 *
 * <pre>{@code
 * try (BundleImport bundle = BundleImport.of(published, models, ImportOptions.asPublished())) {
 *   sample(bundle.folder());
 *   bundle.install();
 * }
 * }</pre>
 */
public final class BundleImport implements AutoCloseable {
  private static final String UNFINISHED = ".import-";
  private static final Pattern ABANDONED = Pattern.compile("\\.import-(\\d{1,18})-.*");

  private final Path folder;
  private final Path place;
  private final Bundle bundle;
  private final List<String> lines;

  private BundleImport(Path folder, Path place, Bundle bundle, List<String> lines) {
    this.folder = folder;
    this.place = place;
    this.bundle = bundle;
    this.lines = List.copyOf(lines);
  }

  /**
   * Understands what was published, and writes and checks its bundle.
   *
   * @param published a folder of diffusers, a folder of files of networks, or such a file
   * @param models the folder of bundles it is to stand in
   * @throws BundleException naming the file and what is wrong with it, or not known here
   */
  public static BundleImport of(Path published, Path models, ImportOptions options) {
    return of(List.of(published), models, options);
  }

  /**
   * The same of a cascade, or of several files.
   *
   * @param stages the folders of its pipelines, from the base up; or files of the networks of one
   */
  public static BundleImport of(List<Path> stages, Path models, ImportOptions options) {
    return of(stages, ImportLevels.NONE, models, options);
  }

  /**
   * The same with further levels, each of which refines what the one below makes.
   *
   * @param levels the pipelines above, and sizes
   */
  public static BundleImport of(
      List<Path> stages, ImportLevels levels, Path models, ImportOptions options) {
    PublishedFolder from = published(stages, options);
    Pipelines.Pipeline pipeline = Pipelines.of(from);
    Path folder = unfinished(models);
    try {
      BundleDraft draft =
          new BundleDraft(folder, new Loras(options.loras(), options.offered()), options.dtype());
      BundleCard card = noted(pipeline.card(from, draft, options), options.loras());
      draft.finish(refined(card, draft, levels, options));
      Bundle bundle = BundleCheck.open(folder, LevelWalk.samplers());
      Path place = models.resolve(bundle.card().name());
      free(place);
      return new BundleImport(folder, place, bundle, told(bundle, from, draft));
    } catch (RuntimeException broken) {
      remove(folder);
      throw broken;
    }
  }

  private static PublishedFolder published(List<Path> sources, ImportOptions options) {
    Path first = sources.getFirst();
    if (sources.size() == 1 && Files.isRegularFile(first)) {
      return FilePart.isStableDiffusion(first)
          ? SingleFile.of(first, options.singleFile())
          : WeightFiles.of(sources, options.singleFile());
    }
    boolean files =
        sources.stream().allMatch(one -> Files.isRegularFile(one) || WeightFiles.is(one));
    return files
        ? WeightFiles.of(sources, options.singleFile())
        : PublishedFolder.of(sources, options.variant());
  }

  /** A card with the levels that were asked for. */
  private static BundleCard refined(
      BundleCard base, BundleDraft draft, ImportLevels levels, ImportOptions options) {
    ImportLevels.PixelSize size = levels.size();
    BundleCard card = size == null ? base : LevelChain.sized(base, size);
    card = walked(card, levels.guidance(), levels.timesteps());
    LevelChain chain = new LevelChain(draft);
    for (int number = 1; number <= levels.above().size(); number++) {
      ImportLevels.LevelSource source = levels.above().get(number - 1);
      BundleDraft own = draft.prefixed(LevelChain.prefix(number));
      if (LatentUpsampling.is(source.source())) {
        card = LatentUpsampling.above(card, own, source, options.variant(), number);
      } else {
        PublishedFolder from = published(List.of(source.source()), options);
        card = chain.above(card, Pipelines.of(from).card(from, own, options), source, number);
      }
      card = walked(card, levels.guidance(), source.timesteps());
    }
    return card;
  }

  /** A card whose last level is walked otherwise. */
  private static BundleCard walked(
      BundleCard card, @Nullable Double guidance, List<Double> timesteps) {
    return guidance == null && timesteps.isEmpty()
        ? card
        : card.with(LevelChain.walked(card.levels().getLast(), guidance, timesteps));
  }

  /** A card that tells what was merged. */
  private static BundleCard noted(BundleCard card, List<ImportOptions.LoraFile> loras) {
    Map<String, String> notes = new TreeMap<>(card.notes());
    if (!loras.isEmpty()) {
      notes.put(
          "merged",
          loras.stream()
              .map(one -> "%s at %s".formatted(one.file().getFileName(), one.weight()))
              .collect(Collectors.joining(", ")));
    }
    return card.with(card.files(), notes);
  }

  private static List<String> told(Bundle bundle, PublishedFolder from, BundleDraft draft) {
    List<String> lines = new ArrayList<>(from.lines());
    lines.addAll(draft.lines());
    bundle.card().notes().forEach((name, note) -> lines.add(name + ": " + note));
    lines.sort(Comparator.naturalOrder());
    return lines;
  }

  /** The bundle where it is now. */
  public Bundle bundle() {
    return bundle;
  }

  /** Where it is now. */
  public Path folder() {
    return folder;
  }

  /** What was understood, line by line. */
  public List<String> lines() {
    return lines;
  }

  /**
   * Puts the bundle in its place.
   *
   * @return where that is
   * @throws BundleException if something stands there meanwhile
   */
  public Path install() {
    free(place);
    try {
      return Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException broken) {
      throw new BundleException(
          "cannot move %s to %s: %s".formatted(folder, place, broken), broken);
    }
  }

  /** Removes what was not installed. */
  @Override
  public void close() {
    if (Files.exists(folder)) {
      remove(folder);
    }
  }

  private static void free(Path place) {
    if (Files.exists(place)) {
      throw new BundleException(place + " is there already; give another --name, or remove it");
    }
  }

  /** A folder of this process; what killed ones have left is removed. */
  static Path unfinished(Path models) {
    try {
      Files.createDirectories(models);
      try (Stream<Path> folders = Files.list(models)) {
        folders.filter(BundleImport::isAbandoned).forEach(BundleImport::remove);
      }
      long pid = ProcessHandle.current().pid();
      return Files.createTempDirectory(models, UNFINISHED + pid + "-");
    } catch (IOException broken) {
      throw new BundleException("cannot write into %s: %s".formatted(models, broken), broken);
    }
  }

  private static boolean isAbandoned(Path folder) {
    Matcher unfinished = ABANDONED.matcher(folder.getFileName().toString());
    return unfinished.matches() && ProcessHandle.of(Long.parseLong(unfinished.group(1))).isEmpty();
  }

  private static void remove(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException broken) {
      throw new BundleException("cannot remove %s: %s".formatted(folder, broken), broken);
    }
  }
}

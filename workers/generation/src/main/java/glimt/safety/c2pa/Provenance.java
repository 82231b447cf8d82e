package glimt.safety.c2pa;

import glimt.job.ArtifactId;
import glimt.job.JobInput;
import glimt.job.LevelRange;
import glimt.job.Task;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.Level;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a file was made: the assertion {@code glimt.generation}.
 *
 * @param model the name of the bundle
 * @param bundle the SHA-256 of its card, in hex
 * @param request the SHA-256 of the job's spec as JSON, in hex; the prompt is in it, but cannot be
 *     read from it
 * @param seed the job's seed
 * @param levels the levels that were made, the last of which is the file's
 * @param numericClass what else the bits depend on
 * @param picture the SHA-256 of the picture that it began with, in hex; null if it began with noise
 * @param parent the SHA-256 of the sample of a lower level that other words or another seed made,
 *     on which the levels above it stand, in hex; null if the request made every level
 */
public record Provenance(
    String model,
    String bundle,
    String request,
    long seed,
    List<String> levels,
    String numericClass,
    @Nullable String picture,
    @Nullable String parent) {
  public Provenance {
    levels = List.copyOf(levels);
  }

  /** How a file was made every level of which the request made. */
  public Provenance(
      String model,
      String bundle,
      String request,
      long seed,
      List<String> levels,
      String numericClass,
      @Nullable String picture) {
    this(model, bundle, request, seed, levels, numericClass, picture, null);
  }

  /**
   * Returns how the result of a task that assembles a level is made.
   *
   * @param card of the task's bundle
   * @param numericClass of the worker
   */
  public static Provenance of(Task task, BundleCard card, String numericClass) {
    List<String> levels = card.levels().stream().map(Level::name).toList();
    byte[] request = Json.write(task.spec()).getBytes(StandardCharsets.UTF_8);
    JobInput input = task.spec().input();
    LevelRange range = task.spec().levels();
    ArtifactId parent = range == null ? null : range.sample();
    return new Provenance(
        card.name(),
        task.card().sha256(),
        HexFormat.of().formatHex(Binding.digest(Binding.ALGORITHM).digest(request)),
        task.spec().sampling().seed(),
        levels.subList(0, levels.indexOf(task.work().level()) + 1),
        numericClass,
        input == null ? null : input.artifact().sha256(),
        parent == null ? null : parent.sha256());
  }

  Map<String, Object> cbor() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("model", model);
    map.put("bundle", bundle);
    map.put("request", request);
    map.put("seed", seed);
    map.put("levels", levels);
    map.put("numericClass", numericClass);
    if (picture != null) {
      map.put("picture", picture);
    }
    if (parent != null) {
      map.put("parent", parent);
    }
    return map;
  }

  static Provenance of(Map<?, ?> map) {
    Object picture = map.get("picture");
    Object parent = map.get("parent");
    return new Provenance(
        Cbor.asText(map.get("model")),
        Cbor.asText(map.get("bundle")),
        Cbor.asText(map.get("request")),
        Cbor.asNumber(map.get("seed")),
        Cbor.asList(map.get("levels")).stream().map(Cbor::asText).toList(),
        Cbor.asText(map.get("numericClass")),
        picture == null ? null : Cbor.asText(picture),
        parent == null ? null : Cbor.asText(parent));
  }
}

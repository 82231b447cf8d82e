package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.coordinator.Protocol;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Effort;
import glimt.job.FilterDecision;
import glimt.job.Forecast;
import glimt.job.Format;
import glimt.job.JobClass;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobInput;
import glimt.job.JobSpec;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.LevelView;
import glimt.job.JobView.TaskView;
import glimt.job.PlannedEnd;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.TaskState;
import glimt.job.Timings;
import glimt.job.Work;
import glimt.json.EnumWord;
import glimt.json.Json;
import glimt.model.Kind;
import glimt.model.Segment;
import glimt.model.Span;
import java.text.Normalizer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes jobs and their events as the JSON that the contract specifies. */
final class JobDocument {
  private static final Pattern NOT_IN_NAMES = Pattern.compile("[^a-z0-9]+");
  private static final int NAME_LIMIT = 60;

  private JobDocument() {}

  /**
   * A job without its levels and tasks, for lists.
   *
   * @param prefix the path prefix of its links
   */
  static ObjectNode brief(JobView job, String prefix) {
    ObjectNode out = object();
    out.put("id", job.id().toString());
    describe(out, job.spec());
    out.put("tenant", job.tenant().value())
        .put("class", word(job.urgency()))
        .put("paused", text(job.paused()))
        .put("deadline", text(job.limits().deadline()))
        .put("budgetSeconds", job.limits().budgetSeconds())
        .put("endedAtLevel", job.endedAtLevel());
    plannedEnd(out, job.plannedEnd())
        .put("state", word(job.state()))
        .put("progress", job.progress())
        .put("created", job.created().toString())
        .put("started", text(job.started()))
        .put("ended", text(job.ended()))
        .put("fault", word(job.fault()))
        .put("why", job.why())
        .put("card", job.card().sha256())
        .put("origin", text(job.origin()))
        .put("originLevel", job.originLevel())
        .put("drafts", text(job.drafts()))
        .put("lastSeq", job.lastSeq());
    job.warnings().forEach(out.putArray("warnings")::add);
    ArrayNode decisions = out.putArray("filter");
    job.decisions().forEach(decision -> decisions.add(decision(decision)));
    String self = prefix + path(job.id());
    out.putObject("links")
        .put("self", self)
        .put("events", self + "/events")
        .put("result", self + "/artifacts/" + Download.RESULT)
        .put("cancel", self + "/cancel")
        .put("retry", self + "/retry");
    return out;
  }

  private static ObjectNode decision(FilterDecision decision) {
    return object()
        .put("stage", word(decision.stage()))
        .put("level", decision.level())
        .put("allowed", decision.allowed())
        .put("policy", decision.policy())
        .put("category", decision.category())
        .put("reason", decision.reason());
  }

  /** A job with its levels, their tasks and all attempts. */
  static ObjectNode whole(JobView job, String prefix) {
    ObjectNode out = brief(job, prefix);
    ArrayNode levels = out.putArray("levels");
    for (LevelView level : job.levels()) {
      ObjectNode at =
          levels
              .addObject()
              .put("name", level.name())
              .put("state", word(level.state()))
              .put("progress", level.progress())
              .put("steps", steps(level))
              .put("stepsTaken", stepsTaken(level));
      if (level.tasks().stream().anyMatch(task -> task.work() instanceof Work.Assemble)) {
        at.set("file", file(job.spec().kind(), level));
      }
      at.set("artifacts", artifacts(prefix + path(job.id()), level.name(), level.products()));
      ArrayNode tasks = at.putArray("tasks");
      level.tasks().forEach(task -> tasks.add(task(task)));
    }
    return out;
  }

  /** How many steps the walks of a level have, or at most have, together. */
  private static int steps(LevelView level) {
    return walks(level).mapToInt(task -> task.work().steps()).sum();
  }

  /** How many steps the finished walks of a level took; null where others' were taken over. */
  private static @Nullable Integer stepsTaken(LevelView level) {
    int taken = 0;
    for (TaskView task : walks(level).toList()) {
      Optional<Effort> effort =
          task.attempts().stream()
              .filter(attempt -> "succeeded".equals(attempt.outcome()))
              .flatMap(attempt -> Stream.ofNullable(attempt.effort()))
              .findFirst();
      if (effort.isEmpty() && task.state() == TaskState.SUCCEEDED) {
        return null;
      }
      taken += effort.map(made -> made.resumedFrom() + made.steps()).orElse(0);
    }
    return taken;
  }

  private static Stream<TaskView> walks(LevelView level) {
    return level.tasks().stream().filter(task -> task.work() instanceof Work.Sample);
  }

  /** Adds how far a job is made, to end within its limits; null for as far as it asks for. */
  static ObjectNode plannedEnd(ObjectNode out, @Nullable PlannedEnd end) {
    return out.put("plannedLevel", end == null ? null : end.level())
        .put("plannedWhy", end == null ? null : end.why());
  }

  static ObjectNode forecast(Forecast forecast) {
    return object()
        .put("position", forecast.position())
        .put("deviceSeconds", forecast.deviceSeconds())
        .put("learned", forecast.learned())
        .put("workers", forecast.workers())
        .put("ends", text(forecast.ends()))
        .put("obstacle", forecast.obstacle());
  }

  /** The extents of a level's file, by axis, whether the file is finished or not. */
  static ObjectNode file(Kind kind, LevelView level) {
    Work.Assemble work =
        level.tasks().stream()
            .map(TaskView::work)
            .filter(Work.Assemble.class::isInstance)
            .map(Work.Assemble.class::cast)
            .findFirst()
            .orElseThrow();
    ObjectNode file = object();
    for (int axis = 0; axis < kind.axes().size(); axis++) {
      String name = kind.axes().get(axis);
      boolean pixels = name.equals("height") || name.equals("width");
      file.put(name, work.extents().get(axis) * (pixels ? work.enlargement() : 1));
    }
    return file;
  }

  static ObjectNode event(JobEvent event, String prefix) {
    ObjectNode out = object();
    switch (event.fact()) {
      case JobEvent.Submitted(List<String> warnings, JobId origin, String level) -> {
        out.put("type", "submitted");
        if (level != null) {
          out.put("origin", text(origin)).put("level", level);
        }
        warnings.forEach(out.putArray("warnings")::add);
      }
      case JobEvent.Warned(List<String> warnings) -> {
        out.put("type", "warned");
        warnings.forEach(out.putArray("warnings")::add);
      }
      case JobEvent.JobChanged(JobClass urgency, Boolean paused, Instant deadline) ->
          out.put("type", "changed")
              .put("class", word(urgency))
              .put("paused", paused)
              .put("deadline", text(deadline));
      case JobEvent.JobStarted _ -> out.put("type", "started");
      case JobEvent.LevelFinished(String level, List<Product> products, Long steps) -> {
        out.put("type", "level_finished").put("level", level);
        out.put("steps", steps);
        out.set("artifacts", artifacts(prefix + path(event.job()), level, products));
      }
      case JobEvent.JobEnded ended ->
          out.put("type", "ended")
              .put("state", word(ended.state()))
              .put("fault", word(ended.fault()))
              .put("why", ended.why());
    }
    return out.put("seq", event.seq()).put("at", event.at().toString());
  }

  static ObjectNode progress(Protocol.Progress at) {
    return object()
        .put("type", "progress")
        .put("level", at.level())
        .put("ordinal", at.ordinal())
        .put("step", at.step())
        .put("steps", at.steps());
  }

  /** A preview without its bytes. */
  static ObjectNode preview(Protocol.Previewed at) {
    return object()
        .put("type", "preview")
        .put("level", at.level())
        .put("ordinal", at.ordinal())
        .put("step", at.step())
        .put("steps", at.steps())
        .put("mediaType", at.mediaType())
        .put("frames", at.frames())
        .put("columns", at.columns())
        .put("length", at.bytes().length);
  }

  static String path(JobId job) {
    return "/v1/jobs/" + job;
  }

  /** The file name that a download suggests, made from the prompt and the level. */
  static String fileName(JobView job, String level, Artifact artifact) {
    String plain =
        Normalizer.normalize(job.spec().prompt(), Normalizer.Form.NFKD).toLowerCase(Locale.ROOT);
    String words = NOT_IN_NAMES.matcher(plain.replaceAll("\\p{M}", "")).replaceAll("-");
    String stem =
        words.substring(0, Math.min(NAME_LIMIT, words.length())).replaceAll("^-+|-+$", "");
    String ending =
        artifact.mediaType().equals(Product.CREDENTIALS_TYPE)
            ? job.spec().format().ending() + "." + Product.CREDENTIALS_ENDING
            : Arrays.stream(Format.values())
                .filter(format -> format.mediaType().equals(artifact.mediaType()))
                .map(Format::ending)
                .findFirst()
                .orElse("safetensors");
    return "%s-%s.%s".formatted(stem.isEmpty() ? "glimt" : stem, level, ending);
  }

  /** A constant's name as the contract spells it. */
  static @Nullable String word(@Nullable Enum<?> word) {
    return word == null ? null : EnumWord.of(word);
  }

  /** What was asked for: the fields of a request that are not null. */
  static ObjectNode input(JobSpec spec) {
    ObjectNode out = object();
    describe(out, spec);
    out.remove(List.of("kind", "model", "watermark"));
    out.properties().removeIf(field -> field.getValue().isNull());
    return out;
  }

  private static @Nullable String name(@Nullable ArtifactId artifact) {
    return artifact == null ? null : artifact.sha256();
  }

  private static void describe(ObjectNode out, JobSpec spec) {
    out.put("kind", word(spec.kind())).put("prompt", spec.prompt()).put("model", spec.model());
    SamplingOptions options = spec.sampling();
    out.put("negative_prompt", spec.negativePrompt()).put("seed", options.seed());
    if (options.endsEarly()) {
      out.put("steps", SamplingOptions.AUTO);
    } else {
      out.put("steps", options.steps());
    }
    out.put("guidance", options.guidance())
        .put("sampler", options.sampler())
        .put("quality", word(options.quality()));
    out.set("guidanceRule", Json.mapper().valueToTree(options.guidanceRule()));
    out.set("schedule", Json.mapper().valueToTree(options.schedule()));
    out.set("thresholds", Json.mapper().valueToTree(options.thresholds()));
    out.put("noise_level", spec.noiseLevel());
    out.set("loras", Json.mapper().valueToTree(spec.loras()));
    JobInput input = spec.input();
    out.put("input_image", input == null ? null : name(input.image()))
        .put("input_video", input == null ? null : name(input.video()))
        .put("strength", input == null ? null : input.strength());
    for (String axis : spec.kind().axes()) {
      out.put(axis, spec.extents().get(axis));
    }
    if (spec.kind() != Kind.POINTS) {
      Integer width = spec.extents().get("width");
      boolean square = width != null && width.equals(spec.extents().get("height"));
      out.put(JobRequest.SIZE, square ? width : null).put("enlarge", spec.enlarge());
    }
    out.put("format", spec.format().ending()).put("watermark", spec.watermark());
  }

  private static ArrayNode artifacts(String job, String level, List<Product> products) {
    ArrayNode out = Json.mapper().createArrayNode();
    for (Product product : products) {
      Artifact artifact = product.artifact();
      String named =
          switch (product.role()) {
            case MEDIA -> level;
            case CREDENTIALS -> level + Download.CREDENTIALS_QUERY;
            case SAMPLE -> artifact.id().sha256();
          };
      out.addObject()
          .put("id", artifact.id().sha256())
          .put("role", word(product.role()))
          .put("mediaType", artifact.mediaType())
          .put("length", artifact.length())
          .put("href", job + "/artifacts/" + named);
    }
    return out;
  }

  private static ObjectNode task(TaskView task) {
    ObjectNode out = object().put("id", task.id().value()).put("ordinal", task.ordinal());
    switch (task.work()) {
      case Work.Encode _ -> out.put("work", "encode");
      case Work.Sample sample -> {
        segment(out.put("work", "sample"), sample.segment());
        out.put("sampler", sample.sampling().sampler())
            .put("guidance", sample.sampling().guidance().weight())
            .put("steps", sample.steps());
      }
      case Work.Decode decode -> segment(out.put("work", "decode"), decode.segment());
      case Work.Assemble _ -> out.put("work", "assemble");
    }
    out.put("state", word(task.state())).put("step", task.step());
    ArrayNode attempts = out.putArray("attempts");
    task.attempts().forEach(attempt -> attempts.add(attempt(attempt)));
    return out;
  }

  private static void segment(ObjectNode out, Segment segment) {
    ArrayNode spans = out.putArray("segment");
    for (Span span : segment.spans()) {
      spans.addArray().add(span.start()).add(span.end());
    }
  }

  private static JsonNode attempt(AttemptView attempt) {
    ObjectNode out =
        object()
            .put("number", attempt.number())
            .put("worker", attempt.worker().value())
            .put("started", attempt.started().toString())
            .put("ended", text(attempt.ended()))
            .put("outcome", attempt.outcome())
            .put("fault", word(attempt.fault()))
            .put("why", attempt.why());
    Optional.ofNullable(attempt.effort())
        .ifPresent(
            effort -> {
              out.put("numericClass", effort.numericClass())
                  .put("resumedFrom", effort.resumedFrom())
                  .put("steps", effort.steps())
                  .put("seconds", effort.seconds())
                  .put("networkSeconds", effort.networkSeconds());
              Timings timings = effort.timings();
              if (timings != null) {
                out.set("timings", UsageRoutes.timings(timings));
              }
            });
    return out;
  }

  private static @Nullable String text(@Nullable Object value) {
    return value == null ? null : value.toString();
  }

  private static ObjectNode object() {
    return Json.mapper().createObjectNode();
  }
}

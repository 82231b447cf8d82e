package glimt.training.recipe;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.InvalidSpec;
import glimt.json.Json;
import glimt.model.BundleCard;
import glimt.model.WordList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How a bundle's networks are trained: one small file beside their sources.
 *
 * @param bundle the bundle's name
 * @param dataset the kind of data: {@code clips}, {@code objects} or {@code shapes}
 * @param data what that kind needs to know: its grammar, its classes
 * @param card what the bundle's card says, without what only the trained bundle has: its vocabulary
 *     and files
 * @param networks by level, in the order they are trained
 * @param students networks that make a level in few steps, taught by one of {@code networks}
 */
public record Recipe(
    @JsonProperty(required = true) String bundle,
    @JsonProperty(required = true) String dataset,
    @JsonProperty(required = true) JsonNode data,
    @JsonProperty(required = true) ObjectNode card,
    @JsonProperty(required = true) Map<String, NetworkRecipe> networks,
    @Nullable Map<String, Student> students) {
  public Recipe {
    students = students == null ? Map.of() : students;
    for (Map.Entry<String, Student> student : students.entrySet()) {
      require(!networks.containsKey(student.getKey()), "name of a student", student.getKey());
      String teacher = student.getValue().teacher();
      require(networks.containsKey(teacher), "teacher of " + student.getKey(), teacher);
    }
  }

  @Override
  public Map<String, Student> students() {
    return Objects.requireNonNullElse(students, Map.of());
  }

  /**
   * How one network is trained.
   *
   * @param source its file, beside the recipe
   * @param sizes numbers its source may name
   * @param sigmaData standard deviation of the samples (Karras et al. 2022, Table 1)
   * @param batch samples a step
   * @param steps how long to train; the rate's fall and the noise's are spread over it
   * @param seconds the same by the clock, where a deadline matters more than repeating it exactly;
   *     one of the two is given
   * @param rate the highest learning rate
   * @param warmup steps over which the rate rises to it
   * @param steady share of the time after which the rate begins to fall linearly, to a fiftieth
   * @param clip the longest gradient, over all weights
   * @param weightDecay decoupled, of matrices only (AdamW)
   * @param average decay of the exponential average of the weights
   * @param unconditional share of samples whose words are left out, for guidance; recipes written
   *     before call it {@code silence}
   * @param sigma the noise levels it is trained at, drawn log-normally; one of this and
   * @param uniform the noise levels, drawn evenly or by importance
   * @param loss the quantity whose error is counted; EDM's by default
   * @param data what the dataset needs to know of this level
   * @param seed of the weights, the data and the noise
   */
  public record NetworkRecipe(
      @JsonProperty(required = true) String source,
      @JsonProperty(required = true) Map<String, Double> sizes,
      @JsonProperty(required = true) double sigmaData,
      @JsonProperty(required = true) int batch,
      @Nullable Long steps,
      @Nullable Long seconds,
      @JsonProperty(required = true) double rate,
      @JsonProperty(required = true) int warmup,
      @JsonProperty(required = true) double steady,
      @JsonProperty(required = true) double clip,
      @JsonProperty(required = true) double weightDecay,
      @JsonProperty(required = true) double average,
      @JsonProperty(required = true) @JsonAlias("silence") double unconditional,
      @Nullable NoiseLevels sigma,
      @Nullable UniformLevels uniform,
      @Nullable LossTerms loss,
      @JsonProperty(required = true) JsonNode data,
      @JsonProperty(required = true) long seed) {
    public NetworkRecipe {
      require(batch > 0, "batch", batch);
      require(warmup >= 0, "warmup", warmup);
      require(weightDecay >= 0, "weightDecay", weightDecay);
      require(
          (steps == null) != (seconds == null), "one of steps and seconds", steps + ", " + seconds);
      require(steps == null || steps > 0, "steps", steps);
      require(seconds == null || seconds > 0, "seconds", seconds);
      require(sigmaData > 0, "sigmaData", sigmaData);
      require(
          (sigma == null) != (uniform == null), "one of sigma and uniform", sigma + ", " + uniform);
      require(rate > 0, "rate", rate);
      require(clip > 0, "clip", clip);
      require(steady >= 0 && steady <= 1, "steady", steady);
      require(average > 0 && average < 1, "average", average);
      require(unconditional >= 0 && unconditional < 1, "unconditional", unconditional);
      sizes = Map.copyOf(sizes);
    }

    /** The share of the training that is done. */
    public double done(long step, Duration spent) {
      double done =
          steps != null
              ? (double) step / steps
              : seconds != null ? spent.toMillis() / (1000.0 * seconds) : 1;
      return Math.min(1, done);
    }
  }

  /**
   * Log-normal noise levels whose mean falls as training goes on: where things are is decided at
   * high noise, and has to be learned before what they look like.
   *
   * @param start mean of ln(sigma) at first
   * @param hold share of the time it stays there
   * @param fall share of the time over which it then falls linearly to the end
   * @param end mean of ln(sigma) after that
   * @param spread standard deviation of ln(sigma)
   * @param max no level is higher
   */
  public record NoiseLevels(
      @JsonProperty(required = true) double start,
      @JsonProperty(required = true) double hold,
      @JsonProperty(required = true) double fall,
      @JsonProperty(required = true) double end,
      @JsonProperty(required = true) double spread,
      @JsonProperty(required = true) double max) {
    /** The mean of ln(sigma) when this share of the training is done. */
    public double mean(double done) {
      double fallen = fall == 0 ? 1 : Math.clamp((done - hold) / fall, 0, 1);
      return start + (end - start) * fallen;
    }
  }

  /**
   * Noise levels spread evenly over ln(sigma).
   *
   * @param min the least
   * @param max the greatest
   * @param by what decides which levels are drawn more often and count less; null for none
   * @param bins in which that is remembered; 32 by default
   */
  public record UniformLevels(
      @JsonProperty(required = true) double min,
      @JsonProperty(required = true) double max,
      @Nullable By by,
      @Nullable Integer bins) {
    public UniformLevels {
      require(min > 0 && min < max, "min and max", min + ", " + max);
      require(bins == null || (bins > 0 && bins <= 1000), "bins", bins);
    }

    /** By what levels are drawn more often than evenly. */
    public enum By {
      /**
       * p ∝ √E[L²]: the levels whose loss is great or varies much, which makes the gradient the
       * least noisy (Nichol and Dhariwal 2021, section 3.3, eq. 18).
       */
      @JsonProperty("loss")
      LOSS,

      /**
       * p ∝ E‖s‖²: the levels at which the score is long, as the network knows it, s = (D - x) /
       * sigma^2. For losses in terms of the score, of which this is the natural size (Song et al.
       * 2021, section 3.3: lambda ∝ 1 / E‖s‖²).
       */
      @JsonProperty("score")
      SCORE
    }
  }

  /** What the file is called in a bundle. */
  public static final String FILE = "recipe.json";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /**
   * Reads a recipe.
   *
   * @throws TrainingException if the file cannot be read or is not a recipe
   */
  public static Recipe read(Path file) {
    try {
      return parse(file.toString(), Files.readString(file));
    } catch (IOException broken) {
      throw new TrainingException("cannot read the recipe " + file + ": " + broken, broken);
    }
  }

  /** Reads a recipe already in memory; {@code file} names it in errors. */
  public static Recipe parse(String file, String text) {
    try {
      return JSON.readValue(text, Recipe.class);
    } catch (JsonProcessingException broken) {
      throw new TrainingException("%s is no recipe: %s".formatted(file, why(broken)), broken);
    }
  }

  /** A part of the recipe as the record it describes; unknown fields are errors. */
  public static <T> T part(JsonNode node, Class<T> type) {
    try {
      return JSON.treeToValue(node, type);
    } catch (JsonProcessingException broken) {
      throw new TrainingException(
          "the recipe is wrong where it tells of %s: %s"
              .formatted(type.getSimpleName(), why(broken)),
          broken);
    }
  }

  /** The card as far as the recipe and its words define it: without the digests of files. */
  public BundleCard draft(WordList vocabulary) {
    ObjectNode draft = card.deepCopy();
    draft.put("name", bundle);
    // A recipe writes its card as the first version did, or says which version it is of.
    JsonNode words = Json.mapper().valueToTree(vocabulary);
    if (draft.has("version") && words instanceof ObjectNode reader) {
      draft.set("reader", reader.put("type", "words"));
    } else {
      draft.set("vocabulary", words);
    }
    draft.putObject("files");
    try {
      return Json.read(draft.toString(), BundleCard.class);
    } catch (InvalidSpec broken) {
      throw new TrainingException(
          "the recipe is wrong where it tells of BundleCard: %s %s"
              .formatted(broken.field(), broken.getMessage()),
          broken);
    }
  }

  /** What is wrong, and where: the way down to it, and the line where that is known. */
  private static String why(JsonProcessingException broken) {
    String what =
        switch (broken) {
          case UnrecognizedPropertyException unknown ->
              "unknown field '%s'; known here are %s"
                  .formatted(
                      unknown.getPropertyName(),
                      unknown.getKnownPropertyIds() == null
                          ? "none"
                          : new ArrayList<>(unknown.getKnownPropertyIds()));
          case ValueInstantiationException wrong when wrong.getCause() != null ->
              String.valueOf(wrong.getCause().getMessage());
          default ->
              broken
                  .getOriginalMessage()
                  .replaceFirst("Missing required creator property.*", "is missing");
        };
    StringBuilder place = new StringBuilder();
    if (broken instanceof JsonMappingException at) {
      for (JsonMappingException.Reference step : at.getPath()) {
        if (step.getFieldName() == null) {
          place.append('[').append(step.getIndex()).append(']');
        } else {
          place.append(place.isEmpty() ? "" : ".").append(step.getFieldName());
        }
      }
    }
    if (broken.getLocation() != null && broken.getLocation().getLineNr() > 0) {
      place
          .append(place.isEmpty() ? "line " : " in line ")
          .append(broken.getLocation().getLineNr());
    }
    return place.isEmpty() ? what : place + ": " + what;
  }

  private static void require(boolean right, String name, @Nullable Object value) {
    if (!right) {
      throw new IllegalArgumentException(name + " is out of range: " + value);
    }
  }
}

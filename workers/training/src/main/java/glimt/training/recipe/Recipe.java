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
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A recipe for training a bundle, which is a JSON file in the folder of the networks' sources.
 *
 * @param bundle the bundle's name
 * @param dataset the name of the dataset, such as {@code clips}
 * @param data the settings of the dataset, such as its grammar or classes
 * @param card the bundle's card without its vocabulary and files
 * @param networks the networks by level, in the order of training
 * @param students the distilled networks for few steps, each taught by one of {@code networks}
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
   * The training settings of a network.
   *
   * @param source the source file, in the folder of the recipe
   * @param sizes the sizes that the source may refer to
   * @param sigmaData the standard deviation of the samples (Karras et al. 2022, Table 1)
   * @param batch the number of samples per step
   * @param steps the number of steps, over which the learning rate and the noise levels fall;
   *     either this or {@code seconds} is required
   * @param seconds the training time in seconds, if a deadline is more important than
   *     reproducibility
   * @param rate the highest learning rate
   * @param warmup the number of steps over which the rate rises to it
   * @param steady the fraction of the training after which the rate begins to fall linearly, to a
   *     fiftieth
   * @param clip the largest norm of the gradient over all weights
   * @param weightDecay the decoupled weight decay of matrices (AdamW)
   * @param average the decay of the exponential moving average of the weights
   * @param unconditional the fraction of samples whose words are removed, for guidance; older
   *     recipes call it {@code silence}
   * @param sigma the log-normal distribution of noise levels; this, {@code uniform} or {@code
   *     reconstruction} is required
   * @param uniform the uniform distribution of noise levels, optionally with importance sampling
   * @param reconstruction makes the network an autoencoder, which has no noise levels
   * @param loss the quantity whose error is minimised; by default that of EDM
   * @param data the settings of the dataset for this level
   * @param seed the seed of the weights, the data and the noise
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
      @Nullable Reconstructed reconstruction,
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
          Stream.of(sigma, uniform, reconstruction).filter(Objects::nonNull).count() == 1,
          "one of sigma, uniform and reconstruction",
          sigma + ", " + uniform + ", " + reconstruction);
      require(rate > 0, "rate", rate);
      require(clip > 0, "clip", clip);
      require(steady >= 0 && steady <= 1, "steady", steady);
      require(average > 0 && average < 1, "average", average);
      require(unconditional >= 0 && unconditional < 1, "unconditional", unconditional);
      sizes = Map.copyOf(sizes);
    }

    /** The completed fraction of the training. */
    public double done(long step, Duration spent) {
      double done =
          steps != null
              ? (double) step / steps
              : seconds != null ? spent.toMillis() / (1000.0 * seconds) : 1;
      return Math.min(1, done);
    }
  }

  /**
   * Log-normal noise levels whose mean falls during training: high noise determines the positions
   * of objects, which a network should learn before their details.
   *
   * @param start the initial mean of ln(sigma)
   * @param hold the fraction of the training in which the mean is constant
   * @param fall the fraction of the training in which it then falls linearly to {@code end}
   * @param end the final mean of ln(sigma)
   * @param spread the standard deviation of ln(sigma)
   * @param max the largest level
   */
  public record NoiseLevels(
      @JsonProperty(required = true) double start,
      @JsonProperty(required = true) double hold,
      @JsonProperty(required = true) double fall,
      @JsonProperty(required = true) double end,
      @JsonProperty(required = true) double spread,
      @JsonProperty(required = true) double max) {
    /** The mean of ln(sigma) after a fraction of the training. */
    public double mean(double done) {
      double fallen = fall == 0 ? 1 : Math.clamp((done - hold) / fall, 0, 1);
      return start + (end - start) * fallen;
    }
  }

  /**
   * Noise levels that are uniformly distributed in ln(sigma).
   *
   * @param min the smallest level
   * @param max the largest level
   * @param by the quantity for importance sampling; null for none
   * @param bins the number of bins of importance sampling; 32 by default
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

    /** The quantity that determines the probabilities of importance sampling. */
    public enum By {
      /**
       * p ∝ √E[L²], which minimises the variance of the gradient (Nichol and Dhariwal 2021, section
       * 3.3, eq. 18).
       */
      @JsonProperty("loss")
      LOSS,

      /**
       * p ∝ E‖s‖², with the network's score s = (D - x) / sigma^2, for losses in terms of the score
       * (Song et al. 2021, section 3.3: lambda ∝ 1 / E‖s‖²).
       */
      @JsonProperty("score")
      SCORE
    }
  }

  /**
   * The training of an autoencoder.
   *
   * @param learnt the number of learnt channels of its latents
   * @param factor the pixels of a side that one position of the latent stands for
   * @param noise the largest standard deviation of the noise that is added to the learnt channels
   * @param edges the weight of the error of differences between neighbouring pixels
   */
  public record Reconstructed(
      @JsonProperty(required = true) int learnt,
      @JsonProperty(required = true) int factor,
      @JsonProperty(required = true) double noise,
      @JsonProperty(required = true) double edges) {
    public Reconstructed {
      require(learnt > 0, "learnt", learnt);
      require(factor > 0, "factor", factor);
      require(noise >= 0, "noise", noise);
      require(edges >= 0, "edges", edges);
    }
  }

  /** The file name of the recipe in a bundle. */
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

  /**
   * Parses a recipe.
   *
   * @param file the name of the file, for error messages
   * @throws TrainingException if the text is not a valid recipe; the message names the field and
   *     the line
   */
  public static Recipe parse(String file, String text) {
    try {
      return JSON.readValue(text, Recipe.class);
    } catch (JsonProcessingException broken) {
      throw new TrainingException(
          "%s is not a valid recipe: %s".formatted(file, why(broken)), broken);
    }
  }

  /**
   * Converts a part of the recipe to a record.
   *
   * @throws TrainingException if a field is unknown, missing or invalid
   */
  public static <T> T part(JsonNode node, Class<T> type) {
    try {
      return JSON.treeToValue(node, type);
    } catch (JsonProcessingException broken) {
      throw new TrainingException(
          "the recipe's settings for %s are invalid: %s"
              .formatted(type.getSimpleName(), why(broken)),
          broken);
    }
  }

  /** This recipe with other settings of the dataset. */
  public Recipe with(JsonNode otherData) {
    return new Recipe(bundle, dataset, otherData, card, networks, students);
  }

  /**
   * The card that the recipe and its vocabulary define, without the digests of files.
   *
   * @param vocabulary the words of the captions; empty if the card describes its own reader
   * @throws TrainingException if the card of the recipe is invalid
   */
  public BundleCard draft(Optional<WordList> vocabulary) {
    ObjectNode draft = card.deepCopy();
    draft.put("name", bundle);
    if (vocabulary.isPresent()) {
      // A card without a version has the format of the first version.
      JsonNode words = Json.mapper().valueToTree(vocabulary.get());
      if (draft.has("version") && words instanceof ObjectNode reader) {
        draft.set("reader", reader.put("type", "words"));
      } else {
        draft.set("vocabulary", words);
      }
    }
    draft.putObject("files");
    try {
      return Json.read(draft.toString(), BundleCard.class);
    } catch (InvalidSpec broken) {
      throw new TrainingException(
          "the recipe's card is invalid: %s %s".formatted(broken.field(), broken.getMessage()),
          broken);
    }
  }

  /** Describes the error and its position: the path of the field, and the line if it is known. */
  private static String why(JsonProcessingException broken) {
    String what =
        switch (broken) {
          case UnrecognizedPropertyException unknown ->
              "unknown field '%s'; the fields are %s"
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

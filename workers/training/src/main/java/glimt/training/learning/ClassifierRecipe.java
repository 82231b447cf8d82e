package glimt.training.learning;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.stream.Collectors;

/**
 * How the classifier is trained that results are measured with.
 *
 * @param source file of the network, beside the recipe
 * @param steps until the rate has fallen to nothing
 * @param batch samples a step
 * @param rate the highest learning rate
 * @param seed of the weights and the data
 */
public record ClassifierRecipe(
    @JsonProperty(required = true) String source,
    @JsonProperty(required = true) int steps,
    @JsonProperty(required = true) int batch,
    @JsonProperty(required = true) double rate,
    @JsonProperty(required = true) long seed) {

  /** What a checkpoint must have been made by to be resumed; checkpoints of before say it so. */
  String says(List<ClassifierHead> heads) {
    return "classifier Training[source=%s, steps=%s, batch=%s, rate=%s, seed=%s] %s"
        .formatted(
            source,
            steps,
            batch,
            rate,
            seed,
            heads.stream()
                .map(head -> "Head[name=%s, classes=%s]".formatted(head.name(), head.classes()))
                .collect(Collectors.joining(", ", "[", "]")));
  }
}

package glimt.training.learning;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The training settings of the classifier for evaluations.
 *
 * @param source the source file of the network, in the folder of the recipe
 * @param steps the number of steps, over which the learning rate falls to 0
 * @param batch the number of samples per step
 * @param rate the highest learning rate
 * @param seed the seed of the weights and the data
 */
public record ClassifierRecipe(
    @JsonProperty(required = true) String source,
    @JsonProperty(required = true) int steps,
    @JsonProperty(required = true) int batch,
    @JsonProperty(required = true) double rate,
    @JsonProperty(required = true) long seed) {

  /**
   * Identifies the training in checkpoints. The format must not change, because existing
   * checkpoints contain it.
   */
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

package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.learning.Classifier;
import java.util.List;

/**
 * What the recipe of clips says of its data.
 *
 * @param grammar what a scene can be, and how it is said
 * @param classifier how the network is trained that names what results show
 */
public record ClipRecipe(
    @JsonProperty(required = true) Grammar grammar,
    @JsonProperty(required = true) Classifier.Training classifier) {
  /** What the classifier decides. */
  List<Classifier.Head> heads() {
    return List.of(
        new Classifier.Head("subjects", grammar.subjects().size()),
        new Classifier.Head("motions", grammar.motions().size()),
        new Classifier.Head("colours", grammar.colours().size()));
  }
}

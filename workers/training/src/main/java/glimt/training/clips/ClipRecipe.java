package glimt.training.clips;

import com.fasterxml.jackson.annotation.JsonProperty;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import java.util.List;

/**
 * The data settings of a recipe for clips.
 *
 * @param grammar the possible scenes and captions
 * @param classifier the training of the classifier for evaluations
 */
public record ClipRecipe(
    @JsonProperty(required = true) Grammar grammar,
    @JsonProperty(required = true) ClassifierRecipe classifier) {
  /** The heads of the classifier. */
  List<ClassifierHead> heads() {
    return List.of(
        new ClassifierHead("subjects", grammar.subjects().size()),
        new ClassifierHead("motions", grammar.motions().size()),
        new ClassifierHead("colours", grammar.colours().size()));
  }
}

package glimt.safety.filter;

import ai.djl.ndarray.NDManager;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.media.Picture;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The filter that comes with glimt: rules for prompts, and a classifier of pictures. */
public final class OwnFilter implements ContentFilter {
  /** The policy for pictures: the network, and how likely something must be to be stopped. */
  static final String PICTURES = "nsfwjs-mobilenet-v2-0.8";

  /** From which probability of pornography on a picture is stopped. */
  private static final float LIMIT = 0.8f;

  private final PromptRules rules;
  private final @Nullable NDManager manager;
  private @Nullable PictureClasses classes;

  private OwnFilter(PromptRules rules, @Nullable NDManager manager) {
    this.rules = rules;
    this.manager = manager;
  }

  /** A filter of prompts only, which needs no engine. */
  public static OwnFilter ofPrompts() {
    return new OwnFilter(PromptRules.own(), null);
  }

  /** A filter whose classifier is loaded onto the manager's device when it is needed first. */
  public static OwnFilter on(NDManager manager) {
    return new OwnFilter(PromptRules.own(), manager);
  }

  @Override
  public FilterDecision prompt(FilteredJob job) {
    return rules.decide(job.prompt());
  }

  @Override
  public FilterDecision pictures(FilterStage stage, FilteredJob job, List<Picture> seen) {
    PictureClasses loaded = classes;
    if (loaded == null) {
      loaded = PictureClasses.on(Objects.requireNonNull(manager, "a filter of prompts only"));
      classes = loaded;
    }
    boolean explicit = loaded.of(seen).stream().anyMatch(one -> one.explicit() >= LIMIT);
    return explicit
        ? FilterDecision.block(
            stage,
            PICTURES,
            "sexual",
            stage == FilterStage.INPUT
                ? "what the job begins with looks pornographic to the classifier"
                : "what was made looks pornographic to the classifier")
        : FilterDecision.allow(stage, PICTURES);
  }
}

package glimt.training.motions;

import glimt.bundle.Safetensors.Tensor;
import glimt.metrics.Clips;
import glimt.model.Codec;
import glimt.model.Level;
import glimt.model.WordList;
import glimt.training.evaluation.Assessor;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Extent;
import glimt.training.evaluation.Material;
import glimt.training.learning.Classifier;
import glimt.training.learning.ClassifierHead;
import glimt.training.learning.ClassifierRecipe;
import glimt.training.learning.Dataset;
import glimt.training.pictures.PictureMaterial;
import glimt.training.pictures.RealPictures;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import glimt.training.sprites.Sprites.Sprite;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionLexicon;
import glimt.training.words.CaptionStates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The dataset of pictures that move, as described by a recipe: that of pictures, from which the
 * first frame is learnt, and the motions of all frames.
 */
public final class MotionMaterial implements Material {
  private static final Extent CARD = new Extent(0, 0, 512);
  private static final long CAPTIONS = 12;

  /** The shares of a picture's width that a sprite takes for the classifier. */
  private static final double LEAST = 0.35;

  private static final double MOST = 0.9;

  /** By how much a subject is turned for it, in rotations. */
  private static final double TILT = 0.01;

  private final Recipe recipe;
  private final MotionRecipe motions;
  private final PictureMaterial pictures;

  private MotionMaterial(Recipe recipe, MotionRecipe motions, PictureMaterial pictures) {
    this.recipe = recipe;
    this.motions = motions;
    this.pictures = pictures;
  }

  /**
   * Reads the dataset of a recipe.
   *
   * @param data the folder of the npm archives with the sprites; null if it is not available
   */
  public static MotionMaterial of(Recipe recipe, @Nullable Path data) {
    MotionRecipe motions = Recipe.part(recipe.data(), MotionRecipe.class);
    Recipe still = recipe.with(recipe.data().get("pictures"));
    return new MotionMaterial(recipe, motions, PictureMaterial.of(still, data));
  }

  @Override
  public Optional<WordList> vocabulary() {
    return Optional.empty();
  }

  @Override
  public Dataset dataset(NetworkRecipe network, Path sources, Path out) {
    Level last = recipe.draft(vocabulary()).levels().getLast();
    if (!network.equals(recipe.networks().get(last.network()))) {
      return pictures.dataset(network, sources, out);
    }
    return new Journeys(motions.grammar(), codec(last), () -> prepared(sources, out));
  }

  private static Codec codec(Level level) {
    Codec codec = level.codec();
    if (codec == null || codec.scale().size() != Journey.VALUES) {
      throw new TrainingException(
          "the recipe's card needs a codec for %s channels at level %s"
              .formatted(Journey.VALUES, level.name()));
    }
    return codec;
  }

  private Journeys.EncodedCaptions prepared(Path sources, Path out) {
    MotionCaptions captions =
        MotionCaptions.of(motions.grammar(), motions.usual(), motions.captions(), CAPTIONS);
    try (CaptionEncoder text = CaptionEncoder.of(sources, pictures.encoderWeights(sources, out))) {
      CaptionLexicon.write(
          recipe.draft(vocabulary()), CaptionLexicon.of(motions.grammar()), text, out);
      return new Journeys.EncodedCaptions(captions, CaptionStates.of(text, captions.all()));
    }
  }

  @Override
  public ClassifierRecipe classifier() {
    return motions.classifier();
  }

  @Override
  public List<ClassifierHead> heads() {
    return motions.heads();
  }

  @Override
  public Classifier.Examples examples() {
    List<Sprite> drawn = pictures.subjects();
    return (size, random) -> labelled(drawn, size, random);
  }

  /** Subjects of all sizes, cut out as they are of frames, in all poses and colours. */
  private Classifier.Labelled labelled(List<Sprite> drawn, int size, RandomGenerator random) {
    int values = 3 * Closeup.SIDE * Closeup.SIDE;
    float[] x = new float[size * values];
    List<Integer> subjects = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      int subject = random.nextInt(drawn.size());
      float[] picture =
          RealPictures.varied(drawn.get(subject), motions.grammar(), LEAST, MOST, random);
      float[] ground = Clips.border(picture, ClipDecoder.SIDE);
      double turns = TILT * random.nextGaussian();
      float[] seen = Closeup.of(picture, 0, ClipDecoder.SIDE, ground, turns);
      System.arraycopy(seen, 0, x, row * values, values);
      subjects.add(subject);
    }
    return Classifier.Labelled.of(Tensor.of(x, size, 3, Closeup.SIDE, Closeup.SIDE), subjects);
  }

  @Override
  public Extent extent() {
    return CARD;
  }

  @Override
  public Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch) {
    return new MotionAssessor(candidate, motions, pictures.known());
  }
}

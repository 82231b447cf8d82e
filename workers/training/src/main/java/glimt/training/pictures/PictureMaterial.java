package glimt.training.pictures;

import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
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
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import glimt.training.recipe.TrainingException;
import glimt.training.sprites.Sprites;
import glimt.training.sprites.Sprites.Sprite;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionGrammar.Noun;
import glimt.training.words.CaptionLexicon;
import glimt.training.words.CaptionStates;
import glimt.training.words.MiniLm;
import glimt.training.words.PictureCaptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** The dataset of pictures of one subject over a background, as described by a recipe. */
public final class PictureMaterial implements Material {
  private static final Extent CARD = new Extent(0, 0, 512);
  private static final long CAPTIONS = 11;

  private final Recipe recipe;
  private final PictureRecipe pictures;
  private final @Nullable List<Sprite> sprites;
  private final Supplier<List<Sprite>> others;
  private final @Nullable Path data;

  private PictureMaterial(
      Recipe recipe,
      PictureRecipe pictures,
      @Nullable List<Sprite> sprites,
      Supplier<List<Sprite>> others,
      @Nullable Path data) {
    this.others = others;
    this.data = data;
    this.recipe = recipe;
    this.pictures = pictures;
    this.sprites = sprites;
  }

  /**
   * Reads the dataset of a recipe.
   *
   * @param data the folder of the npm archives with the sprites; null if it is not available
   */
  public static PictureMaterial of(Recipe recipe, @Nullable Path data) {
    PictureRecipe pictures = Recipe.part(recipe.data(), PictureRecipe.class);
    if (data == null) {
      return new PictureMaterial(recipe, pictures, null, List::of, null);
    }
    List<String> own = pictures.grammar().subjects().stream().map(Noun::sprite).toList();
    // Only the autoencoder needs the others, which take minutes to read.
    return new PictureMaterial(
        recipe,
        pictures,
        all(Sprites.read(data, own), own),
        () -> all(Sprites.read(data, pictures.others()), pictures.others()),
        data);
  }

  /** The dataset of a recipe with given sprites. */
  public static PictureMaterial of(Recipe recipe, Sprites sprites) {
    PictureRecipe pictures = Recipe.part(recipe.data(), PictureRecipe.class);
    List<String> own = pictures.grammar().subjects().stream().map(Noun::sprite).toList();
    return new PictureMaterial(
        recipe, pictures, all(sprites, own), () -> all(sprites, pictures.others()), null);
  }

  private static List<Sprite> all(Sprites sprites, List<String> names) {
    return names.stream().map(sprites::of).toList();
  }

  /** The sprites of all subjects; null if they are not available. */
  public @Nullable List<Sprite> known() {
    return sprites;
  }

  /**
   * The sprites of all subjects.
   *
   * @throws TrainingException if the raw data is not available
   */
  public List<Sprite> subjects() {
    if (sprites == null) {
      throw Material.missing(recipe.dataset());
    }
    return sprites;
  }

  @Override
  public Optional<WordList> vocabulary() {
    return Optional.empty();
  }

  @Override
  public Dataset dataset(NetworkRecipe network, Path sources, Path out) {
    if (network.reconstruction() != null) {
      List<Sprite> all = new ArrayList<>(subjects());
      all.addAll(others.get());
      return new Crops(all, Recipe.part(network.data(), Crops.Cut.class).crop());
    }
    List<Sprite> drawn = subjects();
    Codec codec = codec();
    return new Portraits(
        pictures.grammar(),
        codec,
        () -> prepared(drawn, sources, out),
        Objects.requireNonNullElse(pictures.wordNoise(), 0.0),
        () -> new PictureDecoder(codec, part(codec.network(), sources, out)));
  }

  private Codec codec() {
    Level level = recipe.draft(vocabulary()).levels().getFirst();
    Codec codec = level.codec();
    if (codec == null || codec.scale().size() != Latents.CHANNELS + 3) {
      throw new TrainingException(
          "the recipe's card needs a codec for %s channels at level %s"
              .formatted(Latents.CHANNELS + 3, level.name()));
    }
    return codec;
  }

  /** The folder of the text encoder's weights, which are made from its archive if necessary. */
  public Path encoderWeights(Path sources, Path out) {
    return MiniLm.weights(sources, data, out);
  }

  private Portraits.Prepared prepared(List<Sprite> drawn, Path sources, Path out) {
    double moving = Objects.requireNonNullElse(pictures.moving(), 0.0);
    PictureCaptions captions =
        PictureCaptions.of(pictures.grammar(), pictures.captions(), moving, CAPTIONS);
    try (Network encoder = part("encoder", sources, out);
        CaptionEncoder text = CaptionEncoder.of(sources, encoderWeights(sources, out))) {
      CaptionLexicon.write(
          recipe.draft(vocabulary()), CaptionLexicon.of(pictures.grammar()), text, out);
      Latents latents = Latents.of(encoder, drawn, pictures.poses());
      return new Portraits.Prepared(latents, captions, CaptionStates.of(text, captions.all()));
    }
  }

  /** A part of the trained autoencoder. */
  private static Network part(String name, Path sources, Path out) {
    Path weights = out.resolve(name + ".safetensors");
    if (!Files.exists(weights)) {
      throw new TrainingException(
          "%s is missing; train the network autoencoder first".formatted(weights));
    }
    try {
      Path source = sources.resolve(name + ".py");
      return Network.of(
          name,
          NetworkSource.parse(source.toString(), Files.readString(source)),
          Safetensors.read(weights),
          Precision.ofThisProcessor());
    } catch (IOException broken) {
      throw new TrainingException("cannot read the " + name + ": " + broken, broken);
    }
  }

  @Override
  public ClassifierRecipe classifier() {
    return pictures.classifier();
  }

  @Override
  public List<ClassifierHead> heads() {
    return pictures.heads();
  }

  /**
   * Pictures of all subjects in all poses and colours, including held-out combinations; half of
   * them with noise, a quarter blurred, so that the classifier recognises imperfect pictures but
   * its features tell them from perfect ones.
   */
  @Override
  public Classifier.Examples examples() {
    List<Sprite> drawn = subjects();
    return (size, random) -> labelled(drawn, size, random);
  }

  private Classifier.Labelled labelled(List<Sprite> drawn, int size, RandomGenerator random) {
    int side = PictureJudge.SIDE;
    float[] x = new float[size * 3 * side * side];
    List<Integer> subjects = new ArrayList<>();
    for (int row = 0; row < size; row++) {
      int subject = random.nextInt(drawn.size());
      float[] picture = RealPictures.varied(drawn.get(subject), pictures.grammar(), random);
      System.arraycopy(PictureJudge.seen(picture), 0, x, row * 3 * side * side, 3 * side * side);
      subjects.add(subject);
    }
    return Classifier.Labelled.of(Tensor.of(x, size, 3, side, side), subjects);
  }

  @Override
  public Extent extent() {
    return CARD;
  }

  @Override
  public Assessor<?, ?> assessor(Candidate candidate, Consumer<String> watch) {
    return new PictureAssessor(candidate, pictures, sprites);
  }
}

package glimt.training.objects;

import glimt.model.Vocabulary;
import glimt.training.evaluation.Material;
import glimt.training.learning.Classifier;
import glimt.training.learning.Dataset;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Recipe.NetworkRecipe;
import java.nio.file.Path;
import java.util.List;

/** Coloured objects, as a recipe describes them. */
public final class ObjectMaterial implements Material {
  private final ObjectRecipe recipe;
  private final ObjectClouds objects;

  private ObjectMaterial(ObjectRecipe recipe, ObjectClouds objects) {
    this.recipe = recipe;
    this.objects = objects;
  }

  /**
   * @param data folder of {@code objects4096.npz} and {@code objects.json}
   */
  public static ObjectMaterial read(Recipe recipe, Path data) {
    ObjectRecipe objects = ObjectRecipe.of(recipe);
    return new ObjectMaterial(objects, new ObjectClouds(data, objects.words()));
  }

  ObjectRecipe recipe() {
    return recipe;
  }

  ObjectClouds objects() {
    return objects;
  }

  @Override
  public Vocabulary vocabulary() {
    return recipe.words().vocabulary();
  }

  @Override
  public Dataset dataset(NetworkRecipe network) {
    return new ObjectBatches(
        objects, recipe, Recipe.part(network.data(), ObjectRecipe.Level.class));
  }

  @Override
  public Classifier.Training classifier() {
    return recipe.classifier();
  }

  @Override
  public List<Classifier.Head> heads() {
    return recipe.heads();
  }

  @Override
  public Classifier.Examples examples() {
    return new ObjectNames(objects, recipe);
  }
}

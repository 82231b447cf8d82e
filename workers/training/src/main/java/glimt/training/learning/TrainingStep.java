package glimt.training.learning;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;

/** What a network is asked in one step of training, and how wrong its outputs are. */
interface TrainingStep {

  /** The inputs of the network in the order of its ports. */
  NDList inputs(NDManager scope);

  /** The loss of the network's output {@code f}, a scalar for backpropagation. */
  NDArray loss(NDArray f, NDManager scope);
}

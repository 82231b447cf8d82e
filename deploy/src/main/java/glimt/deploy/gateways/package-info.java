/**
 * Speed and memory of gateways, as processes under load, and what is lost when one of them is
 * killed.
 *
 * <p>No SQL text, no tensors.
 */
@NullMarked
package glimt.deploy.gateways;

import org.jspecify.annotations.NullMarked;

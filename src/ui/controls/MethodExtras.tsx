/** What the chosen method does, and its paper. */
import { methodOf, taskOf } from "../../tasks";

export const methodName = (preset: string): string => `${methodOf(preset).label}: ${taskOf(preset).verb}`;

export function MethodExtras({ value }: { value: string | number }) {
  const { about, paper } = methodOf(String(value));
  return (
    <>
      <p className="method">{about}</p>
      <p className="help">
        <cite>{paper}</cite>
      </p>
    </>
  );
}

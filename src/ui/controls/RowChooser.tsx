/** Rows of the papers' tables: one choice sets a row up. */
import { SCHEMA, taskOf } from "../../tasks";
import { settings, useStore } from "../state/app";

export function RowChooser() {
  const { rows = {} } = taskOf(useStore(({ wanted }) => wanted.preset));
  const tables = [...new Set(Object.values(rows).map(({ table }) => table))];
  if (tables.length === 0) return null;
  return (
    <div className="control" data-key="row">
      <div className="control-head">
        <label htmlFor="set-row">Row of a paper's table</label>
      </div>
      {/* It stands for values and is none itself: nothing stays chosen. */}
      <select id="set-row" value="" onChange={({ target }) => settings.setUpRow(target.value)} aria-describedby="help-row">
        <option value="">Set up …</option>
        {tables.map((table) => (
          <optgroup key={table} label={table}>
            {Object.entries(SCHEMA.rows).map(
              ([name, row]) => row.table === table && <option key={name} value={name}>{`${row.label} (${row.paper} %)`}</option>,
            )}
          </optgroup>
        ))}
      </select>
      <p className="help" id="help-row">
        Sets method and settings as that row has them, with the score that is printed there. The papers' networks and photographs are
        larger.
      </p>
    </div>
  );
}

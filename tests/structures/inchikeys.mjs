// SMILES in, one a line; the reference's standard InChIKey out, "-" where it has none.
// The package is where npm put it: argument 1 is that directory.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] + "/");
const rdkit = await require("@rdkit/rdkit")();
rdkit.prefer_coordgen?.(false);
for await (const line of createInterface({ input: process.stdin })) {
    let key = "";
    let mol = null;
    try {
        mol = rdkit.get_mol(line);
        key = mol ? rdkit.get_inchikey_for_inchi(mol.get_inchi()) : "";
    } catch {
        key = "";
    }
    mol?.delete();
    console.log(key || "-");
}

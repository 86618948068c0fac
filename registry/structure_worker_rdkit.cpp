// RDKit, and nothing but RDKit: the only C++ of the project (registry/structure_worker_chem.h).
#include "registry/structure_worker_chem.h"

#include <GraphMol/Depictor/RDDepictor.h>
#include <GraphMol/Descriptors/MolDescriptors.h>
#include <GraphMol/FileParsers/FileParsers.h>
#include <GraphMol/Fingerprints/MorganFingerprints.h>
#include <GraphMol/MolDraw2D/MolDraw2DSVG.h>
#include <GraphMol/MolOps.h>
#include <GraphMol/MolStandardize/Charge.h>
#include <GraphMol/QueryAtom.h>
#include <GraphMol/QueryBond.h>
#include <GraphMol/QueryOps.h>
#include <GraphMol/RDKitBase.h>
#include <GraphMol/SmilesParse/SmilesParse.h>
#include <GraphMol/SmilesParse/SmilesWrite.h>
#include <GraphMol/Substruct/SubstructMatch.h>
#include <RDGeneral/RDLog.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace RDKit;

struct chem_mol {
    std::unique_ptr<RWMol> mol;
    int uses = 1;
    double mass = -1; // not computed yet
    std::vector<chem_atom> atoms;
    std::vector<chem_bond> bonds;
    std::string mixture; // of several substances: what is told of them
};

struct chem_pattern {
    std::unique_ptr<RWMol> mol;
    bool recursive; // has a pattern inside: looking for one costs as much as a match
    std::vector<int> asks;
    std::vector<chem_pattern_bond> bonds;
};

namespace
{

std::string why;

// Runs f; whatever it throws becomes the reason and the empty value.
template <typename F> auto guarded(F f) -> decltype(f())
{
    try {
        return f();
    } catch (const std::bad_alloc &) {
        why = "it needs more memory than one structure may take";
    } catch (const std::exception &e) {
        why = e.what();
    } catch (...) {
        why = "it could not be read";
    }
    return decltype(f()){};
}

char *copy(const std::string &text)
{
    return strdup(text.c_str());
}

std::unique_ptr<chem_mol> wrap(RWMol *mol)
{
    if (mol == nullptr) {
        throw std::runtime_error("it could not be read");
    }
    std::unique_ptr<chem_mol> out(new chem_mol);
    out->mol.reset(mol);
    return out;
}

// Acids, bases and solvents that make salts and solvates: never a parent beside something else.
const char companions[] =
    "Cl Br I F O N [Na] [K] [Li] [Ca] [Mg] [Zn] [NaH] [KH] [LiH] [CaH2] [MgH2] [Na+] "
    "[K+] [Li+] [Ca+2] [Mg+2] [Zn+2] [Al+3] O=S(=O)(O)O O=P(O)(O)O O=[N+]([O-])O O=C(O)O "
    "O=CO CC(=O)O CCC(=O)O O=C(O)C(=O)O O=C(O)CC(=O)O O=C(O)CCC(=O)O O=C(O)C=CC(=O)O "
    "O=C(O)CC(O)C(=O)O O=C(O)C(O)C(O)C(=O)O O=C(O)CC(O)(CC(=O)O)C(=O)O CC(O)C(=O)O "
    "O=C(O)C(F)(F)F CS(=O)(=O)O CCS(=O)(=O)O Cc1ccc(S(=O)(=O)O)cc1 O=S(=O)(O)c1ccccc1 "
    "O=C(O)c1ccccc1 O=C(O)c1ccccc1O O=C(O)C(O)C(O)C(O)C(O)CO OB(O)O "
    "[O-][Cl+3]([O-])([O-])O CO CCO CC(C)O CC(C)=O CC#N CN(C)C=O ClCCl ClC(Cl)Cl CS(C)=O "
    "O=S(=O)(O)CCS(=O)(=O)O CNCC(O)C(O)C(O)C(O)CO NC(CO)(CO)CO O=S(=O)(O)c1cccc2ccccc12 "
    "O=S(=O)(O)c1ccc2ccccc2c1 O=S(=O)(O)c1cccc2c(S(=O)(=O)O)cccc12 NC(CC(=O)O)C(=O)O "
    "NC(CCC(=O)O)C(=O)O NCC(=O)O NCCCCC(N)C(=O)O N=C(N)NCCCC(N)C(=O)O "
    "O=C(O)C(O)C(O)C(O)C(O)C(=O)O O=C(O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O "
    "O=C(O)c1ccc2ccccc2c1O CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2 O=C(O)C(O)c1ccccc1 "
    "OCC(O)C1OC(=O)C(O)=C1O CCCCCCCCCCCC(=O)O CCCCCCCCCCCCCCCC(=O)O "
    "CCCCCCCCCCCCCCCCCC(=O)O CCCCCCCCC=CCCCCCCCC(=O)O CCCCCCCCCCCCOS(=O)(=O)O "
    "Cn1c(=O)c2[nH]c(Cl)nc2n(C)c1=O O=C1NS(=O)(=O)c2ccccc21 O=S(=O)(O)NC1CCCCC1 "
    "O=C(O)c1cccnc1 O=C(O)CCCCC(=O)O O=C(O)CNC(=O)c1ccccc1 O=C(O)CO N#CS N#C[S-] "
    "OCCS(=O)(=O)O CN CNC CN(C)C CCN(CC)CC NCCO OCCNCCO OCCN(CCO)CCO NCCN C[N+](C)(C)CCO "
    "CCOCC C1CCOC1 C1COCCO1 CCOC(C)=O CCC(C)=O Cc1ccccc1 c1ccccc1 CCCCCC CCCCCCC CCCO "
    "CCCCO CC(O)CO OCC(O)CO OCC(O)C(O)C(O)C(O)CO";

std::string flat_smiles(const ROMol &mol)
{
    RWMol flat(mol);
    MolOps::removeStereochemistry(flat);
    return MolToSmiles(flat);
}

// Their canonical SMILES, and the heavy atoms of the largest: what is larger is none.
struct companion_table {
    std::set<std::string> smiles;
    unsigned most = 0;
};

companion_table &companion_set()
{
    static companion_table table;
    return table;
}

bool is_companion(const ROMol &mol)
{
    const companion_table &table = companion_set();
    return mol.getNumHeavyAtoms() <= table.most && table.smiles.count(flat_smiles(mol)) > 0;
}

MolStandardize::Uncharger &uncharger()
{
    static MolStandardize::Uncharger *one = new MolStandardize::Uncharger();
    return *one;
}

bool has_carbon(const ROMol &mol)
{
    for (const auto atom : mol.atoms()) {
        if (atom->getAtomicNum() == 6) {
            return true;
        }
    }
    return false;
}

// An oxygen between two atoms, outside of rings.
bool has_bridging_oxygen(const ROMol &mol)
{
    for (const auto atom : mol.atoms()) {
        if (atom->getAtomicNum() == 8 && atom->getDegree() == 2 &&
            mol.getRingInfo()->numAtomRings(atom->getIdx()) == 0) {
            return true;
        }
    }
    return false;
}

bool is_plain(const ROMol &mol)
{
    for (const auto atom : mol.atoms()) {
        if (atom->getFormalCharge() != 0) {
            return false;
        }
    }
    return true;
}

bool are_one_substance(const std::vector<boost::shared_ptr<ROMol>> &parts)
{
    if (parts.size() < 2) {
        return true;
    }
    std::set<std::string> different;
    for (const auto &part : parts) {
        different.insert(MolToSmiles(*part));
    }
    return different.size() == 1;
}

// What is told of several substances together.
std::string mixture_of(const std::vector<boost::shared_ptr<ROMol>> &parts)
{
    const size_t told = 400; // characters of SMILES
    std::set<std::string> smiles;
    std::string list;
    for (const auto &part : parts) {
        smiles.insert(MolToSmiles(*part));
    }
    for (const auto &one : smiles) {
        list += (list.empty() ? "" : " and ") + one;
    }
    return "it is a mixture of " + std::to_string(smiles.size()) +
           " substances, to be asked about one by one" + (list.size() <= told ? ": " + list : "");
}

// NULL: the molecule is its own parent.
RWMol *parent_of(const ROMol &mol, bool *was_salt, std::string *mixture)
{
    std::vector<int> numbers;
    if (MolOps::getMolFrags(mol, numbers) == 1 && is_plain(mol)) {
        return nullptr;
    }
    std::vector<boost::shared_ptr<ROMol>> parts = MolOps::getMolFrags(mol, true);
    std::vector<boost::shared_ptr<ROMol>> kept;
    boost::shared_ptr<ROMol> largest;
    for (const auto &part : parts) {
        boost::shared_ptr<ROMol> neutral =
            is_plain(*part) ? part : boost::shared_ptr<ROMol>(uncharger().uncharge(*part));
        if (!largest || neutral->getNumHeavyAtoms() > largest->getNumHeavyAtoms()) {
            largest = neutral;
        }
        if (has_carbon(*neutral) && !is_companion(*neutral)) {
            kept.push_back(neutral);
        }
    }
    boost::shared_ptr<ROMol> chosen = kept.empty() ? largest : kept.back();
    if (!are_one_substance(kept)) {
        *mixture = mixture_of(kept);
        return nullptr;
    }
    if (!chosen) {
        return nullptr;
    }
    *was_salt = parts.size() > 1 || MolToSmiles(*chosen) != MolToSmiles(mol);
    // Read again: what was perceived for the salt is not the parent's
    std::unique_ptr<RWMol> out(new RWMol(*chosen));
    MolOps::assignStereochemistry(*out, true, true);
    return out.release();
}

enum chem_stereo stereo_of(const Atom *atom)
{
    switch (atom->getChiralTag()) {
    case Atom::CHI_TETRAHEDRAL_CW:
        return CHEM_STEREO_CW;
    case Atom::CHI_TETRAHEDRAL_CCW:
        return CHEM_STEREO_CCW;
    default:
        return CHEM_STEREO_NONE;
    }
}

void set_side(const Bond *bond, chem_bond *out)
{
    Bond::BondStereo stereo = bond->getStereo();
    const INT_VECT &atoms = bond->getStereoAtoms();
    if (atoms.size() != 2) {
        return;
    }
    out->side_a = atoms[0];
    out->side_b = atoms[1];
    if (stereo == Bond::STEREOZ || stereo == Bond::STEREOCIS) {
        out->side = CHEM_SIDE_CIS;
    } else if (stereo == Bond::STEREOE || stereo == Bond::STEREOTRANS) {
        out->side = CHEM_SIDE_TRANS;
    }
}

// Keeps a molecule's kinds of bonds, which making it one Kekulé form changes.
class kept_bonds
{
  public:
    explicit kept_bonds(RWMol *mol) : mol(mol)
    {
        for (const auto bond : mol->bonds()) {
            types.push_back(bond->getBondType());
        }
    }
    kept_bonds(const kept_bonds &) = delete;
    kept_bonds &operator=(const kept_bonds &) = delete;
    ~kept_bonds()
    {
        for (const auto bond : mol->bonds()) {
            bond->setBondType(types[bond->getIdx()]);
        }
    }

  private:
    RWMol *mol;
    std::vector<Bond::BondType> types;
};

int order_of(Bond::BondType type)
{
    return type == Bond::DOUBLE ? 2 : type == Bond::TRIPLE ? 3 : 1;
}

// The orders of bonds in one Kekulé form, by bond.
std::vector<int> kekule_orders(RWMol *mol)
{
    kept_bonds kept(mol);
    std::vector<int> orders;
    MolOps::Kekulize(*mol, false);
    for (const auto bond : mol->bonds()) {
        orders.push_back(order_of(bond->getBondType()));
    }
    return orders;
}

void fill_graph(chem_mol *m)
{
    std::vector<int> orders = kekule_orders(m->mol.get());
    for (const auto atom : m->mol->atoms()) {
        chem_atom a{};
        std::strncpy(a.symbol, atom->getSymbol().c_str(), sizeof a.symbol - 1);
        a.z = atom->getAtomicNum();
        a.charge = atom->getFormalCharge();
        a.n_h = static_cast<int>(atom->getTotalNumHs());
        a.isotope = static_cast<int>(atom->getIsotope());
        a.radicals = static_cast<int>(atom->getNumRadicalElectrons());
        a.aromatic = atom->getIsAromatic();
        a.in_ring = m->mol->getRingInfo()->numAtomRings(atom->getIdx()) > 0;
        a.stereo = stereo_of(atom);
        m->atoms.push_back(a);
    }
    for (const auto bond : m->mol->bonds()) {
        chem_bond b{};
        b.a = static_cast<int>(bond->getBeginAtomIdx());
        b.b = static_cast<int>(bond->getEndAtomIdx());
        b.order = orders[bond->getIdx()];
        b.aromatic = bond->getIsAromatic();
        b.in_ring = m->mol->getRingInfo()->numBondRings(bond->getIdx()) > 0;
        set_side(bond, &b);
        m->bonds.push_back(b);
    }
}

bool is_light_metal(const Atom *atom)
{
    static const std::set<int> numbers = {3, 11, 12, 19, 20, 37, 38, 55, 56};
    return numbers.count(atom->getAtomicNum()) > 0;
}

// A salt drawn with a bond from its metal (O-Na) is the salt.
void part_from_metals(RWMol *mol)
{
    std::vector<std::pair<unsigned, unsigned>> bonds; // metal first
    for (const auto bond : mol->bonds()) {
        const Atom *metal = bond->getBeginAtom();
        const Atom *other = bond->getEndAtom();
        if (is_light_metal(other)) {
            std::swap(metal, other);
        }
        int z = other->getAtomicNum();
        if (is_light_metal(metal) && (z == 7 || z == 8 || z == 16) &&
            bond->getBondType() == Bond::SINGLE) {
            bonds.emplace_back(metal->getIdx(), other->getIdx());
        }
    }
    for (const auto &bond : bonds) {
        Atom *metal = mol->getAtomWithIdx(bond.first);
        Atom *other = mol->getAtomWithIdx(bond.second);
        mol->removeBond(bond.first, bond.second);
        metal->setFormalCharge(metal->getFormalCharge() + 1);
        other->setFormalCharge(other->getFormalCharge() - 1);
    }
    if (!bonds.empty()) {
        MolOps::sanitizeMol(*mol);
    }
}

// A pattern is no molecule: its answer would be that of one of its meanings.
void check_atom(const Atom *atom)
{
    unsigned z = static_cast<unsigned>(atom->getAtomicNum());
    unsigned isotope = atom->getIsotope();
    if (z == 0) {
        throw std::runtime_error("it has an atom that is no element");
    }
    if (atom->hasQuery()) {
        throw std::runtime_error("it has an atom that may be one of several");
    }
    if (isotope != 0 && (isotope < z || isotope > 3 * z + 4)) {
        throw std::runtime_error("it has an isotope that cannot be");
    }
}

// Stereo is perceived from tags; hydrogens that stand for nothing but themselves are taken in.
chem_mol *finished(std::unique_ptr<chem_mol> m)
{
    if (m->mol->getNumAtoms() == 0) {
        throw std::runtime_error("it has no atoms");
    }
    for (const auto atom : m->mol->atoms()) {
        check_atom(atom);
    }
    for (const auto bond : m->mol->bonds()) {
        if (bond->hasQuery()) {
            throw std::runtime_error("it has a bond of no certain order");
        }
    }
    if (static_cast<int>(m->mol->getNumHeavyAtoms()) > DL_WORKER_HEAVY_MAX) {
        throw std::runtime_error("it has more than 300 heavy atoms");
    }
    part_from_metals(m->mol.get());
    return m.release();
}

// The questions of all patterns, each once. They are kept to the end of the process.
std::vector<std::unique_ptr<QueryAtom::QUERYATOM_QUERY>> atom_asks;
std::vector<std::unique_ptr<QueryBond::QUERYBOND_QUERY>> bond_asks;
std::map<std::string, int> atom_ask_numbers;
std::map<std::string, int> bond_ask_numbers;

// What the questions rest on: a question is put together from comparisons of these numbers of an
// atom, so atoms of which all of them are equal are alike to it.
using AtomNumber = int (*)(const Atom *);
std::vector<AtomNumber> atom_numbers;
enum { KINDS_MAX = 4096 };
std::map<std::vector<int>, std::vector<int>> kinds_of_atom; // the questions that each answers

void add_numbers(const QueryAtom::QUERYATOM_QUERY *query)
{
    AtomNumber number = query->getDataFunc();
    if (number != nullptr &&
        std::find(atom_numbers.begin(), atom_numbers.end(), number) == atom_numbers.end()) {
        atom_numbers.push_back(number);
        kinds_of_atom.clear();
    }
    for (auto part = query->beginChildren(); part != query->endChildren(); ++part) {
        add_numbers(part->get());
    }
}

const std::vector<int> &asks_of(const Atom *atom)
{
    static std::vector<int> key;
    key.clear();
    for (AtomNumber number : atom_numbers) {
        key.push_back(number(atom));
    }
    auto found = kinds_of_atom.find(key);
    if (found != kinds_of_atom.end()) {
        return found->second;
    }
    if (kinds_of_atom.size() == KINDS_MAX) {
        kinds_of_atom.clear();
    }
    std::vector<int> &asks = kinds_of_atom[key];
    for (size_t i = 0; i < atom_asks.size(); i++) {
        if (atom_asks[i] == nullptr || atom_asks[i]->Match(atom)) {
            asks.push_back(static_cast<int>(i));
        }
    }
    return asks;
}

// What tells one question from another: description and values, and those of its parts.
template <typename Q> std::string told(const Q *query)
{
    std::string out = (query->getNegation() ? "!" : "") + query->getFullDescription() + "(";
    for (auto part = query->beginChildren(); part != query->endChildren(); ++part) {
        out += told(part->get()) + ",";
    }
    return out + ")";
}

bool asks_for_pattern(const QueryAtom::QUERYATOM_QUERY *query)
{
    bool found = query->getDescription() == "RecursiveStructure";
    for (auto part = query->beginChildren(); part != query->endChildren(); ++part) {
        found = found || asks_for_pattern(part->get());
    }
    return found;
}

// The question without the patterns inside it; NULL when nothing is left of it. Only a plain "and"
// can lose a part and still be answered by all whom the whole one admits.
QueryAtom::QUERYATOM_QUERY *by_itself(const QueryAtom::QUERYATOM_QUERY *query)
{
    if (!asks_for_pattern(query)) {
        return query->copy();
    }
    if (query->getNegation() || query->getDescription() != "AtomAnd") {
        return nullptr;
    }
    std::unique_ptr<ATOM_AND_QUERY> out(new ATOM_AND_QUERY);
    out->setDescription("AtomAnd");
    for (auto part = query->beginChildren(); part != query->endChildren(); ++part) {
        QueryAtom::QUERYATOM_QUERY *kept = by_itself(part->get());
        if (kept != nullptr) {
            out->addChild(QueryAtom::QUERYATOM_QUERY::CHILD_TYPE(kept));
        }
    }
    return out.release();
}

template <typename Q>
int number_of(std::unique_ptr<Q> query, std::vector<std::unique_ptr<Q>> *all,
              std::map<std::string, int> *numbers)
{
    std::string key = query ? told(query.get()) : "";
    auto found = numbers->find(key);
    if (found != numbers->end()) {
        return found->second;
    }
    int number = static_cast<int>(all->size());
    all->push_back(std::move(query));
    (*numbers)[key] = number;
    return number;
}

void number_asks(chem_pattern *pattern)
{
    for (const auto atom : pattern->mol->atoms()) {
        std::unique_ptr<QueryAtom::QUERYATOM_QUERY> query(
            atom->hasQuery() ? by_itself(atom->getQuery()) : nullptr);
        if (query != nullptr) {
            add_numbers(query.get());
        }
        pattern->asks.push_back(number_of(std::move(query), &atom_asks, &atom_ask_numbers));
    }
    for (const auto bond : pattern->mol->bonds()) {
        std::unique_ptr<QueryBond::QUERYBOND_QUERY> query(
            bond->hasQuery() ? bond->getQuery()->copy() : nullptr);
        pattern->bonds.push_back(chem_pattern_bond{
            static_cast<int>(bond->getBeginAtomIdx()), static_cast<int>(bond->getEndAtomIdx()),
            number_of(std::move(query), &bond_asks, &bond_ask_numbers)});
    }
}

} // namespace

extern "C" {

const char *chem_why(void)
{
    return why.c_str();
}

bool chem_start(void)
{
    boost::logging::disable_logs("rdApp.*");
    std::istringstream texts(companions);
    for (std::string text; texts >> text;) {
        std::unique_ptr<RWMol> mol(SmilesToMol(text));
        if (!mol) {
            return false;
        }
        companion_set().smiles.insert(MolToSmiles(*mol));
        companion_set().most = std::max(companion_set().most, mol->getNumHeavyAtoms());
    }
    // Touches every table that is made at first use.
    chem_mol *mol = chem_read_smiles("C[C@H](N)C/C=C/c1ccncc1.Cl");
    bool was_salt = false;
    chem_mol *parent = mol != nullptr ? chem_parent(mol, &was_salt) : nullptr;
    char *svg = parent != nullptr ? chem_svg(parent, nullptr, 0) : nullptr;
    uint8_t print[CHEM_PRINT];
    bool ok = svg != nullptr && chem_print(parent, print);
    free(svg);
    chem_free(parent);
    chem_free(mol);
    return ok;
}

struct chem_mol *chem_read_smiles(const char *text)
{
    return guarded([&]() -> chem_mol * {
        SmilesParserParams params;
        params.allowCXSMILES = false;
        params.parseName = false;
        std::unique_ptr<RWMol> mol(SmilesToMol(std::string(text), params));
        if (!mol) {
            why = "it is no SMILES of a possible molecule";
            return nullptr;
        }
        return finished(wrap(mol.release()));
    });
}

struct chem_mol *chem_read_mol(const char *text, size_t n)
{
    return guarded([&]() -> chem_mol * {
        std::unique_ptr<RWMol> mol(MolBlockToMol(std::string(text, n), true, true, true));
        if (!mol) {
            why = "it is no MOL record of a possible molecule";
            return nullptr;
        }
        return finished(wrap(mol.release()));
    });
}

void chem_free(struct chem_mol *mol)
{
    if (mol != nullptr && --mol->uses == 0) {
        delete mol;
    }
}

static struct chem_mol *use_again(struct chem_mol *mol)
{
    mol->uses++;
    return mol;
}

struct chem_mol *chem_parent(struct chem_mol *mol, bool *was_salt)
{
    return guarded([&]() -> chem_mol * {
        bool salt = false;
        RWMol *parent = parent_of(*mol->mol, &salt, &mol->mixture);
        chem_mol *out = parent == nullptr ? use_again(mol) : wrap(parent).release();
        *was_salt = salt;
        return out;
    });
}

const char *chem_mixture(const struct chem_mol *mol)
{
    return mol->mixture.c_str();
}

struct chem_mol *chem_plain(struct chem_mol *mol, bool *labelled)
{
    return guarded([&]() -> chem_mol * {
        bool any = false;
        for (const auto atom : mol->mol->atoms()) {
            any = any || atom->getIsotope() != 0;
        }
        if (!any) {
            *labelled = false;
            return use_again(mol);
        }
        std::unique_ptr<chem_mol> out = wrap(new RWMol(*mol->mol));
        for (auto atom : out->mol->atoms()) {
            atom->setIsotope(0);
        }
        MolOps::removeHs(*out->mol);
        MolOps::assignStereochemistry(*out->mol, true, true);
        *labelled = true;
        return out.release();
    });
}

struct chem_graph chem_graph_of(const struct chem_mol *mol)
{
    chem_mol *m = const_cast<chem_mol *>(mol);
    if (m->atoms.empty()) {
        guarded([&]() -> int {
            fill_graph(m);
            return 1;
        });
    }
    return chem_graph{static_cast<int>(m->atoms.size()), static_cast<int>(m->bonds.size()),
                      m->atoms.data(), m->bonds.data()};
}

int chem_heavy_atoms(const struct chem_mol *mol)
{
    return static_cast<int>(mol->mol->getNumHeavyAtoms());
}

double chem_mass(const struct chem_mol *mol)
{
    chem_mol *m = const_cast<chem_mol *>(mol);
    if (m->mass < 0) {
        m->mass = guarded([&]() -> double { return Descriptors::calcAMW(*m->mol); });
    }
    return m->mass;
}

char *chem_smiles(const struct chem_mol *mol)
{
    return guarded([&]() -> char * { return copy(MolToSmiles(*mol->mol)); });
}

char *chem_formula(const struct chem_mol *mol)
{
    return guarded([&]() -> char * { return copy(Descriptors::calcMolFormula(*mol->mol)); });
}

int chem_alcohols(const struct chem_mol *mol, int max, struct chem_mol **out, bool *ether)
{
    return guarded([&]() -> int {
        // the bond from an oxygen to the group that makes it an ester (of the alcohol) or an ether,
        // and from an acid's carbonyl oxygen to its alkyl group
        static const std::unique_ptr<RWMol> bond(
            SmartsToMol("[OX2;!R;$(O[#6;!$(C=O)]),$(O(C=O)C(=O))]-[$([CX3](=O)),$([CX4;!R])]"));
        int n = 0;
        if (!has_bridging_oxygen(*mol->mol)) {
            return 0;
        }
        for (const auto &found : SubstructMatch(*mol->mol, *bond)) {
            unsigned oxygen = static_cast<unsigned>(found[0].second);
            unsigned carbon = static_cast<unsigned>(found[1].second);
            std::unique_ptr<RWMol> whole(new RWMol(*mol->mol));
            RWMol &cut = *whole;
            bool acyl = false;
            for (const auto b : cut.atomBonds(cut.getAtomWithIdx(carbon))) {
                acyl = acyl || (b->getBondType() == Bond::DOUBLE &&
                                b->getOtherAtom(cut.getAtomWithIdx(carbon))->getAtomicNum() == 8);
            }
            cut.removeBond(oxygen, carbon);
            std::vector<int> part;
            if (n == max || MolOps::getMolFrags(cut, part) != 2) {
                continue;
            }
            cut.beginBatchEdit();
            for (unsigned i = 0; i < cut.getNumAtoms(); i++) {
                if (part[i] != part[oxygen]) {
                    cut.removeAtom(i);
                }
            }
            cut.commitBatchEdit();
            if (cut.getNumHeavyAtoms() < 5) {
                continue;
            }
            MolOps::sanitizeMol(cut);
            MolOps::assignStereochemistry(cut, true, true);
            ether[n] = !acyl;
            out[n++] = wrap(whole.release()).release();
        }
        return n;
    });
}

struct chem_pattern *chem_pattern_new(const char *smarts)
{
    return guarded([&]() -> chem_pattern * {
        std::unique_ptr<RWMol> mol(SmartsToMol(smarts));
        if (!mol) {
            why = "it is no SMARTS";
            return nullptr;
        }
        std::unique_ptr<chem_pattern> out(new chem_pattern);
        out->mol = std::move(mol);
        out->recursive = std::strchr(smarts, '$') != nullptr;
        number_asks(out.get());
        return out.release();
    });
}

void chem_pattern_free(struct chem_pattern *pattern)
{
    delete pattern;
}

int chem_pattern_atoms(const struct chem_pattern *pattern)
{
    return static_cast<int>(pattern->mol->getNumAtoms());
}

int chem_pattern_label(const struct chem_pattern *pattern, int atom)
{
    return pattern->mol->getAtomWithIdx(static_cast<unsigned>(atom))->getAtomMapNum();
}

int chem_pattern_asks(const struct chem_pattern *pattern, int atom)
{
    return pattern->asks[static_cast<size_t>(atom)];
}

int chem_n_asks(void)
{
    return static_cast<int>(atom_asks.size());
}

const int *chem_atom_asks(const struct chem_mol *mol, int atom, int *n)
{
    const std::vector<int> &found = asks_of(mol->mol->getAtomWithIdx(static_cast<unsigned>(atom)));
    *n = static_cast<int>(found.size());
    return found.data();
}

int chem_pattern_bonds(const struct chem_pattern *pattern)
{
    return static_cast<int>(pattern->bonds.size());
}

struct chem_pattern_bond chem_pattern_bond_at(const struct chem_pattern *pattern, int i)
{
    return pattern->bonds[static_cast<size_t>(i)];
}

int chem_n_bond_asks(void)
{
    return static_cast<int>(bond_asks.size());
}

bool chem_bond_answers(const struct chem_mol *mol, int ask, int bond)
{
    const auto &query = bond_asks[static_cast<size_t>(ask)];
    return query == nullptr || query->Match(mol->mol->getBondWithIdx(static_cast<unsigned>(bond)));
}

int chem_match(const struct chem_mol *mol, const struct chem_pattern *pattern, bool all, int max,
               int **out)
{
    return guarded([&]() -> int {
        if (pattern->mol->getNumAtoms() > mol->mol->getNumAtoms()) {
            return 0;
        }
        SubstructMatchParameters params;
        params.uniquify = !all;
        params.maxMatches = static_cast<unsigned>(max);
        params.recursionPossible = pattern->recursive;
        std::vector<MatchVectType> found = SubstructMatch(*mol->mol, *pattern->mol, params);
        *out = nullptr;
        if (found.empty()) {
            return 0;
        }
        size_t n = pattern->mol->getNumAtoms();
        int *rows = static_cast<int *>(malloc(found.size() * n * sizeof *rows));
        if (rows == nullptr) {
            throw std::bad_alloc();
        }
        for (size_t i = 0; i < found.size(); i++) {
            for (const auto &pair : found[i]) {
                rows[i * n + static_cast<size_t>(pair.first)] = pair.second;
            }
        }
        *out = rows;
        return static_cast<int>(found.size());
    });
}

bool chem_print(const struct chem_mol *mol, uint8_t out[CHEM_PRINT])
{
    return guarded([&]() -> bool {
        std::unique_ptr<ExplicitBitVect> bits(
            MorganFingerprints::getFingerprintAsBitVect(*mol->mol, 2, CHEM_PRINT * 8));
        std::memset(out, 0, CHEM_PRINT);
        IntVect on;
        bits->getOnBits(on);
        for (int bit : on) {
            out[bit / 8] = static_cast<uint8_t>(out[bit / 8] | (1 << (bit % 8)));
        }
        return true;
    });
}

char *chem_svg(const struct chem_mol *mol, const struct chem_mark *marks, size_t n_marks)
{
    return guarded([&]() -> char * {
        // registry/picture.c names these in its legend
        static const DrawColour colours[] = {
            {0.7375, 0.849, 0.9695}, {1.0, 0.7025, 0.401}, {0.9805, 0.9025, 0.401}};
        RWMol drawn(*mol->mol);
        RDDepict::compute2DCoords(drawn, nullptr, true);
        std::vector<int> atoms;
        std::vector<int> bonds;
        std::map<int, DrawColour> atom_colours;
        std::map<int, DrawColour> bond_colours;
        std::map<int, int> kinds;
        for (size_t i = 0; i < n_marks; i++) {
            kinds[marks[i].atom] = marks[i].kind;
            if (marks[i].note > 0) {
                drawn.getAtomWithIdx(static_cast<unsigned>(marks[i].atom))
                    ->setProp(common_properties::atomNote, std::to_string(marks[i].note));
            }
        }
        for (const auto &kind : kinds) {
            atoms.push_back(kind.first);
            atom_colours[kind.first] = colours[kind.second];
        }
        for (const auto bond : drawn.bonds()) {
            auto a = kinds.find(static_cast<int>(bond->getBeginAtomIdx()));
            auto b = kinds.find(static_cast<int>(bond->getEndAtomIdx()));
            if (a != kinds.end() && b != kinds.end()) {
                int id = static_cast<int>(bond->getIdx());
                bonds.push_back(id);
                // the bond to a substituent bears the substituent's colour
                bond_colours[id] = colours[a->second > b->second ? a->second : b->second];
            }
        }
        MolDraw2DSVG drawer(720, 460);
        drawer.drawOptions().padding = 0.08;
        drawer.drawOptions().fillHighlights = true;
        drawer.drawOptions().highlightBondWidthMultiplier = 14;
        drawer.drawOptions().atomHighlightsAreCircles = true;
        drawer.drawOptions().annotationFontScale = 0.7;
        drawer.drawMolecule(drawn, "", &atoms, &bonds, &atom_colours, &bond_colours);
        drawer.finishDrawing();
        return copy(drawer.getDrawingText());
    });
}

} // extern "C"

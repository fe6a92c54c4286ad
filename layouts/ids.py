"""Every component id of the page: `<view>-<part>-<kind>`."""

from __future__ import annotations

from typing import Any

# What the page holds. Stores are written by the scripts in assets/ unless said otherwise.
SHOWN = "page-shown-store"  # {"study": id, "version": v}: what figures are drawn from
SELECTION = "page-selection-store"  # Selection.to_json, on release of a brush
FOCUS = "page-focus-store"  # {"names": [0, 1 or 2 parameters]}
THEME = "page-theme-store"  # "light" or "dark"
PULSE = "page-pulse-store"  # {"studies": {id: version}, "jobs": n, ...}, when it changed
DERIVED = "page-derived-store"  # grows when something computed in the background is ready
HIGHLIGHTED = (
    "page-highlighted-store"  # {"rows": [...]}: trials with a model colour; from the server
)
COLOUR = "page-colour-store"  # {"study", "worst", "best"}: colours set by hand; by the script
NOTICE = "page-notice-toast"
ROOT = "page-root-div"
CHIPS = "page-chips-div"
COUNT = "page-count-span"
CRUMB = "page-crumb-span"
KPIS = "page-kpis-div"
THEME_BUTTON = "page-theme-button"

DIAGNOSIS_BUTTON = "diagnosis-open-button"
DIAGNOSIS_BOX = "diagnosis-box-offcanvas"
DIAGNOSIS_CARDS = "diagnosis-cards-div"
DIAGNOSIS_FOOT = "diagnosis-foot-div"
DIAGNOSIS_TAKE = "diagnosis-take-button"

CONTROL_STUDIES = "control-studies-div"  # filled by the script, as the next one
CONTROL_JOBS = "control-jobs-div"
CONTROL_LISTS = "control-lists-store"  # lines of the two; from the server
CONTROL_FORM = "control-form-details"
CONTROL_RANGES = "control-ranges-details"
CONTROL_OUTLINE = "control-outline-span"  # of the form, where that is folded away
CONTROL_OBJECTIVE = "control-objective-select"
CONTROL_METHOD = "control-method-select"
CONTROL_NAME = "control-name-input"
CONTROL_TRIALS = "control-trials-input"
CONTROL_PARALLEL = "control-parallel-input"
CONTROL_SEED = "control-seed-input"
CONTROL_SPACE = "control-space-div"  # filled by the script
CONTROL_ROWS = "control-rows-store"  # the rows of the next space; from the server
CONTROL_EDITS = "control-edits-store"  # {row: {"low", "high" or "choices"}}: typed; by the script
CONTROL_BARS = "control-bars-store"  # {row: [left, width] in percent}; from the server
CONTROL_DRAFT = "control-draft-store"  # the next study's space, generic form; from the server
CONTROL_SETTINGS = "control-settings-div"
CONTROL_START = "control-start-store"  # {"study", "goes_on", "rows"}; from the server
CONTROL_GO_ON = "control-go-on-button"
CONTROL_ENQUEUE = "control-enqueue-button"
CONTROL_KEY = "control-key-store"  # of this page: a study submitted twice is one job
CONTROL_AWAITED = "control-awaited-store"  # id of a study to be shown as soon as it is there
CONTROL_CANCEL = (
    "control-cancel-store"  # {"job": id, "at": ms}: a job to be stopped; from the script
)
CONTROL_COMMAND = "control-command-store"  # {"do": verb, ..., "at": ms}: a click; from the script
CONTROL_DROPPED = "control-dropped-store"  # {"batch": id}: files that have arrived; from the script
CONTROL_NOTICES = "control-notices-div"
CONTROL_OPEN = "control-open-details"
CONTROL_PATH = "control-path-input"
CONTROL_PATH_OPEN = "control-open-button"
CONTROL_FILES = "control-files-button"
CONTROL_FOLDER = "control-folder-button"
CONTROL_UPLOAD = "control-upload-div"  # progress of files on their way; filled by the script
CONTROL_HINT = "control-hint-div"  # how to register an objective, where none fits
IMPORT_BOX = "import-box-modal"
IMPORT_TITLE = "import-title-span"
IMPORT_COLUMNS = "import-columns-div"
IMPORT_SOURCE = "import-source-store"  # whose columns the dialog asks for; from the server
IMPORT_NEXT = "import-next-store"  # sources still to be opened after this one; from the server
IMPORT_MESSAGE = "import-message-div"
IMPORT_OPEN = "import-open-button"
STEER_BOX = "steer-box-modal"
STEER_TITLE = "steer-title-span"
STEER_JOB = "steer-job-store"  # which job is steered; from the server
STEER_PARALLEL = "steer-parallel-input"
STEER_TRIALS = "steer-trials-input"
STEER_TOTAL_STEPS = "steer-total-steps-input"
STEER_WALL_SECONDS = "steer-wall-seconds-input"
STEER_APPLY = "steer-apply-button"
STEER_MESSAGE = "steer-message-div"
STEER_RUNNING = "steer-running-div"
NOTED = "page-noted-store"  # what the page has told of already; from the server
CONTROL_UNDO = "control-undo-button"
CONTROL_TAKE_BRUSHES = "control-take-brushes-button"
CONTROL_TAKE_SUGGESTION = "control-take-suggestion-button"
CONTROL_RESET = "control-reset-button"
CONTROL_RUN = "control-run-button"
CONTROL_EXPORT = "control-export-button"
CONTROL_DOWNLOAD = "control-config-download"
CONTROL_MESSAGE = "control-message-div"

OVERVIEW_HISTOGRAMS = "overview-histograms-graph"
OVERVIEW_TRADEOFF = "overview-tradeoff-graph"
OVERVIEW_X = "overview-x-select"
OVERVIEW_Y = "overview-y-select"
OVERVIEW_GOAL = "overview-goal-div"
OVERVIEW_BADGES = "overview-badges-div"

SELECTED_TABLE = "selected-trials-table"
SELECTED_TITLE = "selected-title-span"
SELECTED_CLEAR = "selected-clear-button"
SELECTED_CSV = "selected-csv-button"
SELECTED_JSON = "selected-json-button"
SELECTED_DOWNLOAD = "selected-rows-download"
SELECTED_COLUMNS = "selected-columns-store"  # what the table's columns were made from
SELECTED_NOTE = "selected-note-div"
SELECTED_MENU_BUTTON = "selected-menu-button"
SELECTED_MENU = "selected-menu-div"
SELECTED_FIELDS = "selected-columns-div"  # columns to show and pin; filled by the script
SELECTED_OPEN = (
    "selected-open-store"  # {"study": id, "row": row}: the trial asked for; from the script
)
SELECTED_DETAIL = "selected-detail-offcanvas"
SELECTED_DETAIL_BODY = "selected-detail-div"

SPACE_FRAME = "space-parcoords-graph"
SPACE_BOXES = "space-boxes-div"
SPACE_TITLE = "space-title-span"
SPACE_SCALE = "space-scale-div"
SPACE_TOOLS = "space-tools-div"  # best x %, bundles, order; filled by the script
SPACE_NUMBERS = "space-numbers-store"  # shares, bars, promising ranges; from the server

CURVES_FRAME = "curves-frame-graph"
CURVES_DATA = "curves-data-store"  # points of the highlighted trials; from the server
CURVES_METRICS = "curves-metrics-select"
CURVES_SMOOTHING = "curves-smoothing-input"
CURVES_TITLE = "curves-title-span"
CURVES_BACKGROUND = "curves-background-store"  # faint curves of the study; from the server
CURVES_HOVER = "curves-hover-store"  # {"row": r}: a trial the pointer rests on, anywhere
CURVES_HOVERED = "curves-hovered-store"  # its points; from the server

EXPLORATION_FRAME = "exploration-frame-graph"
EXPLORATION_TITLE = "exploration-title-span"
EXPLORATION_SCALE = "exploration-scale-div"  # the range of colours; filled by the script
EXPLORATION_PLAYER = "exploration-player-div"  # play, step, scrub; filled by the script
EXPLORATION_X = "exploration-x-select"
EXPLORATION_ORDER = "exploration-order-select"
EXPLORATION_ZOOM = "exploration-zoom-button"
EXPLORATION_METRICS = "exploration-metrics-select"
EXPLORATION_MOVED = (
    "exploration-moved-store"  # {"names", "order"}: strips dragged up; by the script
)
EXPLORATION_STORY = "exploration-story-store"  # {"row": r}: the trial asked for; by the script
EXPLORATION_STORY_BOX = "exploration-story-modal"
EXPLORATION_STORY_TITLE = "exploration-story-title"
EXPLORATION_STORY_WORDS = "exploration-story-div"
EXPLORATION_STORY_GRAPH = "exploration-story-graph"
EXPLORATION_STORY_SAID = "exploration-said-div"
EXPLORATION_REPLAY = "exploration-replay-button"
EXPLORATION_FINISH = "exploration-finish-button"
EXPLORATION_COMPARE = "exploration-compare-button"
EXPLORATION_COMPARE_BOX = "exploration-compare-modal"
EXPLORATION_COMPARE_STUDIES = "exploration-compare-select"
EXPLORATION_COMPARE_ALL = "exploration-alike-button"
EXPLORATION_COMPARE_SAME = "exploration-siblings-button"
EXPLORATION_COMPARED = "exploration-compared-store"  # {"studies": ids}: of a link; by the script
EXPLORATION_COMPARE_FRAME = "exploration-compare-graph"
EXPLORATION_COMPARE_NOTE = "exploration-compare-span"
EXPLORATION_COMPARE_TOOLS = "exploration-export-div"  # SVG and PNG; filled by the script

IMPORTANCE_LIST = "importance-ranking-div"  # filled by the script
IMPORTANCE_RANKING = "importance-ranking-store"  # what the list shows; from the server
IMPORTANCE_COMMAND = "importance-command-store"  # {"do": verb, "ticket": t}; from the script
IMPORTANCE_MARGINAL = "importance-marginal-graph"
IMPORTANCE_SURFACE = "importance-surface-graph"
IMPORTANCE_TITLE = "importance-title-span"
IMPORTANCE_METRIC = "importance-metric-select"
IMPORTANCE_SCOPE = "importance-scope-select"
IMPORTANCE_THRESHOLD = "importance-threshold-input"
IMPORTANCE_OTHERS = "importance-others-select"
IMPORTANCE_TOGETHER = "importance-together-store"  # ids of the studies put together with the shown
IMPORTANCE_THIRD = "importance-third-select"
IMPORTANCE_DRAWN = "importance-drawn-store"  # what the figures were drawn from; from the server


def import_field(key: Any, part: str) -> dict[str, Any]:
    """Return the id of one part (`role`, `way`) of a column's row in the import dialog."""
    return {"view": "import", "part": part, "key": key}


def method_setting(key: Any) -> dict[str, Any]:
    """Return the id of the input for a setting of the chosen method."""
    return {"view": "control", "part": "setting", "key": key}


def budget_limit(key: Any) -> dict[str, Any]:
    """Return the id of the input for an optional limit of the next study's budget."""
    return {"view": "control", "part": "limit", "key": key}


def panel_title(letter: str) -> str:
    """Return the id of a panel's heading, which names its section."""
    return f"page-{letter.lower()}-title"

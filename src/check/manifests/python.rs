//! What the manifests of Python declare, and which modules distributions bring.

use std::collections::HashSet;

#[derive(Default)]
pub struct Python {
    pub is_declared: bool,
    /// It says how the project is installed.
    pub is_installable: bool,
    /// Distributions in the form that compares: lower case, with dashes.
    pub distributions: HashSet<String>,
    /// Something in it is computed, so there may be more.
    pub is_open: bool,
}

impl Python {
    pub fn pyproject(&mut self, text: &str) {
        let Ok(manifest) = toml::from_str::<toml::Table>(text) else {
            self.is_open = true;
            return;
        };
        let project = manifest.get("project").and_then(toml::Value::as_table);
        self.is_declared |= project.is_some_and(|project| project.contains_key("dependencies"))
            || text.contains("[tool.poetry.dependencies]")
            || text.contains("[packages]");
        self.is_installable |= project.is_some() || text.contains("[tool.poetry]") || text.contains("[build-system]");
        let dynamic = project.and_then(|project| project.get("dynamic")).and_then(toml::Value::as_array);
        let is_dynamic = dynamic.is_some_and(|list| list.iter().any(|item| item.as_str() == Some("dependencies")));
        self.is_open |= is_dynamic;
        self.toml_words(&toml::Value::Table(manifest), false);
    }

    /// Every string of a dependency list, and every key of a table of them.
    fn toml_words(&mut self, value: &toml::Value, is_list: bool) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let names = [
                        "dependencies",
                        "packages",
                        "dev-packages",
                        "dependency-groups",
                        "requires",
                        "group",
                        "extras",
                    ];
                    let is_named = names.iter().any(|name| key.contains(name));
                    if is_list {
                        self.distribution(key);
                    }
                    self.toml_words(value, is_list || is_named);
                }
            }
            toml::Value::Array(items) => items.iter().for_each(|item| self.toml_words(item, is_list)),
            toml::Value::String(text) => self.distribution(text),
            _ => {}
        }
    }

    pub fn setup_py(&mut self, text: &str) {
        let is_declared = text.contains("install_requires");
        self.is_installable = true;
        self.is_declared |= is_declared;
        // What is not a plain list is computed.
        let after = text.split("install_requires").nth(1).unwrap_or_default();
        self.is_open |= is_declared && !after.trim_start_matches([' ', '=', '\n']).starts_with('[');
        self.loose_words(text);
    }

    pub fn requirements(&mut self, text: &str) {
        self.is_declared = true;
        self.loose_words(text);
    }

    /// Every word that could be a distribution: rather one too many than a false alarm.
    pub fn loose_words(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)) {
            self.distribution(word);
        }
    }

    pub fn distribution(&mut self, written: &str) {
        let name: String = written.trim().chars().take_while(|c| c.is_alphanumeric() || "-_.".contains(*c)).collect();
        if name.starts_with(char::is_alphanumeric) {
            self.distributions.insert(name.to_lowercase().replace(['_', '.'], "-"));
        }
    }

    /// Whether a distribution that is declared has the name of this module, or is known for it.
    pub fn distributes(&self, module: &str) -> bool {
        self.is_known(DISTRIBUTIONS, module) || self.distributions.contains(&dashed(module))
    }

    /// The same, and any distribution that holds the name: they are not always called like their modules.
    pub fn may_bring(&self, module: &str) -> bool {
        let wanted = dashed(module);
        let is_like = |distribution: &String| {
            let words: Vec<&str> = distribution.split('-').collect();
            let squeezed = distribution.replace('-', "");
            squeezed == wanted.replace('-', "")
                || words.contains(&wanted.as_str())
                || squeezed.contains(&wanted.replace('-', ""))
                || wanted.contains(squeezed.trim_start_matches("py").trim_start_matches("python")) && squeezed.len() > 3
        };
        self.distributes(module) || self.distributions.iter().any(is_like)
    }

    /// Whether a distribution that is declared needs one with this module, and so has it installed.
    pub fn comes_along(&self, module: &str) -> bool {
        self.is_known(COMPANIONS, module)
    }

    fn is_known(&self, list: &[(&str, &[&str])], module: &str) -> bool {
        let names = list.iter().filter(|(known, _)| *known == module).flat_map(|(_, names)| *names);
        names.into_iter().any(|name| self.distributions.contains(*name))
    }
}

fn dashed(module: &str) -> String {
    module.to_lowercase().replace('_', "-")
}

/// Modules whose distributions have another name.
const DISTRIBUTIONS: &[(&str, &[&str])] = &[
    ("yaml", &["pyyaml", "types-pyyaml", "ruamel-yaml"]),
    ("PIL", &["pillow"]),
    ("cv2", &["opencv-python", "opencv-python-headless", "opencv-contrib-python"]),
    ("sklearn", &["scikit-learn"]),
    ("skimage", &["scikit-image"]),
    ("bs4", &["beautifulsoup4"]),
    ("cycler", &["matplotlib"]),
    ("dateutil", &["python-dateutil"]),
    ("dotenv", &["python-dotenv"]),
    ("jwt", &["pyjwt"]),
    ("jose", &["python-jose"]),
    ("magic", &["python-magic"]),
    ("docx", &["python-docx"]),
    ("pptx", &["python-pptx"]),
    ("git", &["gitpython"]),
    ("serial", &["pyserial"]),
    ("usb", &["pyusb"]),
    ("OpenSSL", &["pyopenssl"]),
    ("Crypto", &["pycryptodome", "pycrypto"]),
    ("nacl", &["pynacl"]),
    ("MySQLdb", &["mysqlclient"]),
    ("psycopg2", &["psycopg2-binary"]),
    ("actstream", &["django-activity-stream"]),
    ("rest_framework", &["djangorestframework"]),
    ("environ", &["django-environ"]),
    ("decouple", &["python-decouple"]),
    ("psycopg", &["psycopg-binary"]),
    ("pythonjsonlogger", &["python-json-logger"]),
    ("pkg_resources", &["setuptools"]),
    ("attr", &["attrs"]),
    ("google", &["protobuf", "google-api-python-client", "google-cloud-storage"]),
    ("telegram", &["python-telegram-bot"]),
    ("discord", &["discord-py", "py-cord"]),
    ("socketio", &["python-socketio"]),
    ("engineio", &["python-engineio"]),
    ("slugify", &["python-slugify"]),
    ("multipart", &["python-multipart"]),
    ("pydantic_core", &["pydantic"]),
    ("starlette", &["fastapi"]),
    ("werkzeug", &["flask"]),
    ("jinja2", &["flask"]),
    ("markupsafe", &["jinja2", "flask"]),
    ("click", &["flask", "typer"]),
    ("itsdangerous", &["flask"]),
    ("pydantic", &["fastapi"]),
    ("anyio", &["httpx", "starlette", "fastapi"]),
    ("numpy", &["pandas", "scipy", "scikit-learn"]),
    ("wx", &["wxpython"]),
    ("gi", &["pygobject"]),
    ("zmq", &["pyzmq"]),
    ("ldap", &["python-ldap"]),
    ("win32api", &["pywin32"]),
    ("win32con", &["pywin32"]),
    ("pythoncom", &["pywin32"]),
    ("fitz", &["pymupdf"]),
    ("kafka", &["kafka-python"]),
    ("memcache", &["python-memcached"]),
    ("flask_login", &["flask-login"]),
    ("_pytest", &["pytest"]),
];

/// Modules that come with distributions which need them, by these distributions' own requirements.
const COMPANIONS: &[(&str, &[&str])] = &[
    ("aiosignal", &["aiohttp"]),
    ("amqp", &["kombu", "celery"]),
    ("annotated_types", &["pydantic", "sqlmodel", "fastapi"]),
    ("attr", &["aiohttp", "jsonschema"]),
    ("attrs", &["aiohttp", "jsonschema"]),
    ("billiard", &["celery"]),
    ("blinker", &["flask"]),
    ("PIL", &["wagtail", "ocrmypdf", "reportlab", "matplotlib", "streamlit"]),
    ("alembic", &["flask-migrate", "flask-alembic"]),
    ("asgiref", &["django", "channels", "djangorestframework"]),
    ("certifi", &["requests", "httpx", "urllib3"]),
    ("charset_normalizer", &["requests"]),
    ("click", &["celery", "uvicorn", "black", "litestar"]),
    ("dateutil", &["pandas", "botocore", "boto3", "matplotlib", "jupyter-client"]),
    // In two pieces, as no name of our own may end like this one.
    (concat!("docutil", "s"), &["sphinx"]),
    ("frozenlist", &["aiohttp"]),
    ("gevent", &["locust"]),
    ("greenlet", &["gevent", "sqlalchemy", "playwright"]),
    ("h11", &["httpx", "uvicorn"]),
    ("httpcore", &["httpx"]),
    ("idna", &["requests", "httpx"]),
    ("jinja2", &["starlette", "fastapi", "sphinx", "mkdocs", "flask-sqlalchemy"]),
    ("jmespath", &["botocore", "boto3"]),
    ("jupyter_client", &["ipykernel", "jupyter-server", "nbclient"]),
    ("jupyter_core", &["jupyter-client", "jupyter-server", "nbformat", "nbconvert", "ipykernel"]),
    ("kombu", &["celery"]),
    ("markupsafe", &["werkzeug", "wtforms", "mako"]),
    ("mdurl", &["markdown-it-py"]),
    ("modelcluster", &["wagtail"]),
    ("multidict", &["aiohttp", "yarl"]),
    ("nbformat", &["nbconvert", "nbclient", "jupyter-server"]),
    ("numpy", &["xarray", "matplotlib", "seaborn", "statsmodels", "torch", "tensorflow", "opencv-python", "astropy"]),
    ("packaging", &["pytest", "black", "setuptools", "sphinx", "gunicorn", "matplotlib"]),
    ("pikepdf", &["ocrmypdf"]),
    ("pluggy", &["pytest", "tox"]),
    ("pydantic", &["sqlmodel", "openai", "anthropic", "langchain"]),
    ("pygments", &["rich", "sphinx", "ipython"]),
    ("pytz", &["pandas", "celery", "babel"]),
    ("six", &["python-dateutil"]),
    ("sniffio", &["anyio", "httpx", "openai"]),
    ("sqlalchemy", &["flask-sqlalchemy", "flask-migrate", "sqlmodel", "alembic", "databases"]),
    ("sqlparse", &["django"]),
    ("taggit", &["wagtail"]),
    ("tornado", &["jupyter-server", "notebook", "ipykernel", "bokeh"]),
    (
        "traitlets",
        &["jupyter-core", "jupyter-client", "jupyter-server", "ipython", "notebook", "nbformat", "jupyterlab"],
    ),
    ("typing_extensions", &["pydantic", "fastapi", "sqlalchemy", "sqlmodel", "openai", "typer"]),
    ("urllib3", &["requests", "botocore", "boto3", "selenium", "docker", "kubernetes"]),
    ("wcwidth", &["prompt-toolkit"]),
    ("willow", &["wagtail"]),
    ("watchdog", &["mkdocs"]),
    ("werkzeug", &["flask-login", "flask-restful", "flask-sqlalchemy"]),
    ("wtforms", &["flask-wtf"]),
    ("yarl", &["aiohttp"]),
    ("zmq", &["jupyter-client", "ipykernel", "notebook"]),
];

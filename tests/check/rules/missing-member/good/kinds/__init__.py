from .Kind import Kind as Kind
